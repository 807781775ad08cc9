/** What a course package says of itself [C1, C2, C3]. */
import { z } from 'zod';

/** [C1] Whom a project or a package is for. */
export const audience = z.enum([
  'anyone',
  'employed',
  'unemployed',
  'graduates',
  'rural-workers',
  'veterans',
  'disabled',
]);
export type Audience = z.infer<typeof audience>;

/** [C3] 通用、专业基础、操作技能. */
export const packageType = z.enum(['general', 'professional-basis', 'operational']);
export type PackageType = z.infer<typeof packageType>;

export const listing = z.enum(['draft', 'in-review', 'listed', 'returned', 'withdrawn']);
export type Listing = z.infer<typeof listing>;

/** [C2] Knowledge and skill points of the standard that the content follows. */
export const coursePoints = z
  .array(z.object({ kind: z.enum(['knowledge', 'skill']), text: z.string().trim().min(1).max(200) }))
  .max(200);
export type CoursePoints = z.infer<typeof coursePoints>;

/** A class of the national classification: `4`, `4-10`, `4-10-01`, `4-10-01-05`. */
export const occupationCode = z.string().regex(/^[1-8](-\d{2}){0,3}$/);

/** Why a package cannot be submitted for review, or a lesson not published. */
export const packageProblem = z.enum([
  'no-introduction',
  'no-lessons',
  'no-points',
  'unpublished-lesson',
  'short-preview',
  'no-occupation',
]);
export type PackageProblem = z.infer<typeof packageProblem>;
