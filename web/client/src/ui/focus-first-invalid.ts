import { tick } from 'svelte';

/** Brings whoever submitted a form to the first field that needs them, once the page shows which it is. */
export async function focusFirstInvalid(form: HTMLFormElement): Promise<void> {
  await tick();
  form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
