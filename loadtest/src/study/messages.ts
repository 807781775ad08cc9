/** What the bench and its servers say to each other. */
export type SideName = 'ours' | 'bare' | 'single';

export type ServeAnswers = {
  /** The port it listens on, once it does. */
  port: (request: null) => Promise<number>;
};

/** Signs the tokens of the bench's learners, and of nobody else. */
export const benchSecret = 'a secret of the bench, long enough to be taken for one';
