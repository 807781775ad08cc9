/** What k6 is told of an exam, and what each learner answers: who plays it and who looks afterwards at what is stored agree. */

export interface ExamStartSettings {
  url: string;
  examId: string;
  learners: number;
  questions: number;
  /** When the first opens, epoch ms. */
  startAtMs: number;
  openWithinMs: number;
  saveEveryMs: number;
  savesEach: number;
  /** Learners share them. */
  vus: number;
}

/** Sequences are from 1; a paper is gone through more than once, so that answers are changed. */
export const positionOf = (sequence: number, questions: number): number => (sequence * 7) % questions;
export const choiceOf = (place: number, sequence: number): number => (place + sequence) % 4;

/** The choice that stands at each position once all saves were acknowledged. */
export function standingAnswers(place: number, saves: number, questions: number): Map<number, number> {
  const standing = new Map<number, number>();
  for (let sequence = 1; sequence <= saves; sequence++)
    standing.set(positionOf(sequence, questions), choiceOf(place, sequence));
  return standing;
}
