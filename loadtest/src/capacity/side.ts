/** An SFU that is compared: ours by its service path, or a bare mediasoup script. Both carry the same classes. */
import type { UdpAddress } from '../forward/path.ts';

export interface ClassLayout {
  lane: number;
  viewers: number;
  /** Where the viewer of that number receives. */
  sinkOf: (viewer: number) => UdpAddress;
}

export interface CapacitySide {
  readonly name: 'ours' | 'bare';
  /** Of the media workers, in the order packets pass them. */
  readonly workerPids: readonly number[];
  /** Adds a class with its viewers; resolves with the port its publisher sends both streams to. */
  addClass(layout: ClassLayout): Promise<{ port: number }>;
  close(): Promise<void>;
}

/** `pipes` lie between publisher and viewers: 0 is one worker for both. */
export type OpenSide = (layout: { pipes: number }) => Promise<CapacitySide>;

export const plainListen = {
  protocol: 'udp',
  ip: '127.0.0.1',
  sendBufferSize: 4 << 20,
  recvBufferSize: 4 << 20,
} as const;
