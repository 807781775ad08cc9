/** What the bench of verdicts and its two services say to each other. */
export type ServeAnswers = {
  /** The port it listens on, once it does. */
  port: (request: null) => Promise<number>;
};
export type ProctorAnswers = {
  /** How many threads can take a job, once they can. */
  ready: (request: null) => Promise<number>;
};

/** Signs the tokens of the bench's learners, and seals its jobs, and nobody else's. */
export const pathSecret = 'a secret of the bench, long enough to be taken for one';
