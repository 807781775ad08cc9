import { z } from 'zod';

/** Every list is paginated; numbers arrive as text in a query. */
export const pageQuery = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  q: z.string().trim().max(64).default(''),
});

export const pageOf = <T extends z.ZodType>(row: T) =>
  z.object({ total: z.int().nonnegative(), rows: z.array(row) });
