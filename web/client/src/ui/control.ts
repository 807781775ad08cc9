/** The look that inputs, selects and text areas share. 16 px on touch, or phones zoom into the field. */
export const controlLook =
  'w-full rounded-md border border-control bg-surface px-3 min-h-9 text-sm text-ink touch:min-h-11 touch:text-[1rem] ' +
  'hover:border-ink-faint focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent ' +
  'aria-invalid:border-finding disabled:bg-sunken disabled:text-ink-faint';
