import { z } from 'zod';
import { instant } from '../domain.ts';

/** Every list is paginated; numbers arrive as text in a query. */
export const pageQuery = z.object({
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  q: z.string().trim().max(64).default(''),
});

/** An instant in a query. */
export const queryInstant = z.coerce.number().pipe(instant);

export const pageOf = <T extends z.ZodType>(row: T) =>
  z.object({ total: z.int().nonnegative(), rows: z.array(row) });
