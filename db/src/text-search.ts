/** Rows whose text contains what was typed, in any case. Signs that LIKE reads as wildcards stand for themselves. */
export function containing(typed: string): { contains: string; mode: 'insensitive' } {
  return { contains: literally(typed), mode: 'insensitive' };
}

/** For a LIKE pattern. */
export function literally(typed: string): string {
  return typed.replace(/[\\%_]/g, '\\$&');
}
