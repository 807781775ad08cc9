import { routes } from '@keshi/contract/http/routes';
import { limits } from '@keshi/contract/signaling';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';

/** Where `npm start` listens; only the development server forwards to it. */
const server = process.env['KESHI_URL'] ?? 'http://localhost:8080';

/**
 * The pages need few values of the contract: where each route is, and how long a text may be. The contract's modules
 * would bring every schema and zod with them, so those values are read while building and become a small module.
 */
function contractValues(): Plugin {
  const name = 'virtual:contract';
  return {
    name: 'contract-values',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      const places = Object.fromEntries(
        Object.entries(routes).map(([route, { method, path, access }]) => [route, { method, path, access }]),
      );
      return `export const routes = ${JSON.stringify(places)};\nexport const limits = ${JSON.stringify(limits)};\n`;
    },
  };
}

export default defineConfig({
  plugins: [
    contractValues(),
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html' }),
      compilerOptions: { runes: true },
      paths: { relative: false },
    }),
  ],
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: false },
      '/socket.io': { target: server, ws: true },
    },
  },
});
