/** Marks as people read them: hundredths without needless zeros, `12.5`. */
export const marks = (hundredths: number): string => String(Math.round(hundredths) / 100);

/** A typed number of marks in hundredths; null while it is none. */
export function hundredths(typed: string): number | null {
  if (!/^\d{1,3}([.]\d{1,2})?$/.test(typed.trim())) return null;
  return Math.round(Number(typed) * 100);
}
