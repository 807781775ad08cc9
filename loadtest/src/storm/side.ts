/** A class that a crowd storms: the product's, or the barest that mediasoup allows. */
export interface StormSide {
  readonly name: 'ours' | 'bare';
  /** How the viewers' tool talks to it. */
  readonly side: 'product' | 'bare';
  readonly url: string;
  /** A class nobody has been in, with a ticket for everybody; empty tickets where none are asked for. */
  invite(): Promise<{ publisher: string; viewers: string[] }>;
  /** Seconds of processor time so far, of each process. */
  processorTimes(): Promise<ProcessorTimes>;
  close(): Promise<void>;
}

export interface ProcessorTimes {
  /** Of each signaling node; none where there is no signaling. */
  signaling: number[];
  /** Of all media nodes' own processes, and of all their workers. */
  nodes: number;
  workers: number;
}
