/** A class that a crowd storms: the product's, or the barest that mediasoup allows. */
export interface StormSide {
  readonly name: 'ours' | 'bare';
  /** How the viewers' tool talks to it. */
  readonly side: 'product' | 'bare';
  readonly url: string;
  /** A class nobody has been in, with a ticket for everybody; empty tickets where none are asked for. */
  invite(): Promise<{ publisher: string; viewers: string[] }>;
  close(): Promise<void>;
}
