/** One way to tell everybody in a class something, with server processes of its own. */
import type { Protocol } from './member.ts';

export type SideName = 'ours' | 'plain Socket.IO' | 'bare ws' | 'raw TCP';

export interface FanoutSide {
  readonly name: SideName;
  /** Starts everything anew: a process that has served a class before is not as small as it was. */
  open(members: number): Promise<OpenSide>;
}

export interface OpenSide {
  readonly protocol: Protocol;
  /** The server processes; members are spread over them evenly. */
  readonly servers: readonly { readonly pid: number; readonly port: number }[];
  /** For the instructor first, then for everybody else: good for two minutes. Null where none are asked for. */
  tickets(): Promise<(string | null)[]>;
  /** Where members cannot speak, the bench has the servers send a message. Resolves to when it was told to. */
  readonly send: ((number: number) => Promise<{ at: number }>) | null;
  close(): Promise<void>;
}
