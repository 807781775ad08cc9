/** A way for packets through an SFU: in at one port, out to many sinks. */
export interface UdpAddress {
  ip: string;
  port: number;
}

export interface Layout {
  consumers: number;
  /** Publisher and viewers on different workers. */
  piped: boolean;
  /** Where the viewer of that number receives. */
  sinkOf: (viewer: number) => UdpAddress;
}

export interface ForwardPath {
  readonly name: 'ours' | 'bare';
  /** Where RTP goes in. */
  readonly port: number;
  close(): Promise<void>;
}

export type OpenPath = (layout: Layout) => Promise<ForwardPath>;

/** The stream both sides forward: sound as a microphone sends it. */
export const sound = {
  payloadType: 111,
  ssrc: 7_000_001,

  clockPerPacket: 960,
  payloadBytes: 160,
};

export const soundParameters = {
  mid: 'a',
  codecs: [
    { mimeType: 'audio/opus', payloadType: sound.payloadType, clockRate: 48000, channels: 2, parameters: {} },
  ],
  headerExtensions: [],
  encodings: [{ ssrc: sound.ssrc }],
  rtcp: { cname: 'bench' },
};
