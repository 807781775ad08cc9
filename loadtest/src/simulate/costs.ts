/**
 * What things cost, as measured on one machine (two cores shared with neighbours, so rather too high than too low).
 * Each names the command that measured it. The check (`npm run simulate -- --check`) measures the processor's costs
 * anew where it runs, because they belong to the machine; what it checks is what the model makes of them.
 */

export interface Costs {
  /** Processor time of a worker for each packet, µs: from a publisher, out of a pipe, to a viewer, into a pipe. */
  publishedMicros: number;
  fromPipeMicros: number;
  toViewerMicros: number;
  intoPipeMicros: number;
  /** Processor time for one join: of the viewer's signaling node, the class's coordinator, the SFU node, its worker. */
  signalingJoinMs: number;
  coordinatorJoinMs: number;
  nodeJoinMs: number;
  workerJoinMs: number;
}

/** `npm run simulate -- --measure` for packets, `npm run bench -- class-join-storm --viewers 200` for joins. */
export const measuredCosts: Costs = {
  publishedMicros: 60,
  fromPipeMicros: 50,
  toViewerMicros: 21,
  intoPipeMicros: 17,
  signalingJoinMs: 13.7,
  coordinatorJoinMs: 0.5,
  nodeJoinMs: 10.6,
  workerJoinMs: 12.7,
};

/** What a stage sends: a camera and a microphone, as in the capacity bench. */
export interface Stream {
  packetsPerSecond: number;
  mbps: number;
  isSound: boolean;
}

/** `npm run bench -- sfu-capacity` sends the same. */
export const stage: readonly Stream[] = [
  { packetsPerSecond: 125, mbps: 1.02, isSound: false },
  { packetsPerSecond: 50, mbps: 0.05, isSound: true },
];

/** Times that are not costs. */
export interface Delays {
  /** Until the loss of a node is noticed, least and most: its links break at once, a machine that is gone falls silent. */
  noticedMs: { least: number; most: number };
  /** How often a node says how loaded it is, and how long the registry takes to tell it. */
  announceEveryMs: number;
  registryMs: number;
  /** How long a signaling node counts its own placements until the node's figures show them. */
  shownAfterMs: number;
  /** From page to server and back; joining media takes three: join, ICE, DTLS. */
  roundTripMs: number;
  joinRoundTrips: number;
  /** The next key frame comes within this time. */
  keyFrameMs: number;
}

/**
 * `noticedMs`: the cluster's fault tests demand it. `announceEveryMs`, `shownAfterMs`, `keyFrameMs`: constants of the
 * SFU and of signaling (announcement.ts, nodes.ts, stage.ts). `joinRoundTrips`: `npm run bench -- join` counts them.
 * `registryMs` and `roundTripMs`: assumed, for a national network.
 */
export const delays: Delays = {
  noticedMs: { least: 100, most: 2_000 },
  announceEveryMs: 1_000,
  registryMs: 50,
  shownAfterMs: 2_500,
  roundTripMs: 40,
  joinRoundTrips: 4,
  keyFrameMs: 500,
};
