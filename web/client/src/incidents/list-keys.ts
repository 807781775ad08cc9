/**
 * j and k move through what `each` selects within a list, from the first one on; Enter is the link's own. Letters belong to
 * whoever is typing, and to dialogs that lie above.
 */
export function createListKeys({ within, each }: { within: () => HTMLElement | undefined; each: string }) {
  return (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key !== 'j' && event.key !== 'k') return;
    const at = event.target instanceof Element ? event.target : null;
    if (at?.closest('input, textarea, select, [role="dialog"], [role="menu"]')) return;
    const rows = [...(within()?.querySelectorAll<HTMLElement>(each) ?? [])];
    const now = rows.findIndex((row) => row === document.activeElement);
    const next = now === -1 ? 0 : now + (event.key === 'j' ? 1 : -1);
    const row = rows[Math.max(0, Math.min(next, rows.length - 1))];
    if (!row) return;
    row.focus();
    event.preventDefault();
  };
}
