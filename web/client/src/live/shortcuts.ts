/** Single keys, never while somebody types or a dialog is open. */
export type ShortcutKey = 'm' | 'v' | 's' | 'h' | 'c' | 'f' | '?';
export type Shortcuts = Partial<Record<ShortcutKey, () => void>>;

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('input, textarea, select, [role="menuitem"], [role="menuitemcheckbox"]'));

export function onShortcut(event: KeyboardEvent, shortcuts: Shortcuts): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (typing(event.target) || document.querySelector('[role="dialog"], [role="menu"]')) return;
  const action = shortcuts[event.key.toLowerCase() as ShortcutKey];
  if (!action) return;
  event.preventDefault();
  action();
}
