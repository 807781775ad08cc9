import { createApp } from '#session/app.svelte.ts';

// One page that runs in the browser: everything it shows belongs to the person logged in.
export const ssr = false;
export const prerender = false;

export const load = async ({ fetch }) => ({ app: await createApp({ fetch, storage: localStorage }) });
