/** Why a WHIP request is not carried out, in the terms of HTTP and of RFC 9725. */
export type RefusalStatus = 400 | 404 | 405 | 406 | 412 | 413 | 415 | 422 | 428;

/**
 * A request that is wrong by itself, whoever sends it. `detail` is for the person before the encoder: encoders show or
 * log the answer's body. What depends on the class or on us is an AppError instead.
 */
export class WhipRefusal extends Error {
  override readonly name = 'WhipRefusal';
  readonly status: RefusalStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: RefusalStatus, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}

/** The body or a part of it cannot be read. */
export const malformed = (detail: string) => new WhipRefusal(400, detail);
/** It can be read, and is nothing we can take (RFC 9725, 4.4.2 and 4.4.3: no partly successful answers). */
export const notAcceptable = (detail: string) => new WhipRefusal(406, detail);
