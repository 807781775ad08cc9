/** A stretch of a list. `limit` is cut to `PAGE_LIMIT`. */
export interface PageRequest {
  offset?: number;
  limit?: number;
}

export interface Page<T> {
  /** Of the whole list, whatever the page. */
  total: number;
  rows: T[];
}

export const PAGE_LIMIT = 500;

export function pageOf({ offset = 0, limit = 50 }: PageRequest): { skip: number; take: number } {
  return {
    skip: Math.max(0, Math.trunc(offset)),
    take: Math.min(PAGE_LIMIT, Math.max(1, Math.trunc(limit))),
  };
}
