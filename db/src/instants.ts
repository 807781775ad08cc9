/** Outside this package an instant is server time in integer ms since the epoch; Prisma's is a `Date`. */
export function fromDate(date: Date): number {
  return date.getTime();
}

export function fromDateOrNull(date: Date | null): number | null {
  return date === null ? null : date.getTime();
}

export function toDate(instant: number): Date {
  return new Date(instant);
}
