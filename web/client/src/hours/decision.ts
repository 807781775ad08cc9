/** What staff is about to decide about a learner's hours in a course. */
export type Decision =
  | { kind: 'reverse'; courseId: string; courseTitle: string }
  | { kind: 'restore'; courseId: string; seq: number };
