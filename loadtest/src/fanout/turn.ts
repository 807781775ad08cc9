/** One turn of one side: everybody comes, one message at a time is sent, then the class grows lively, and all go. */
import { setTimeout as delay } from 'node:timers/promises';
import { gatherCrowd, type Crowd } from './crowd.ts';
import { monotonicMs } from './ledger.ts';
import { processorSeconds, settledKilobytes } from './server-costs.ts';
import type { FanoutSide, OpenSide } from './side.ts';

export interface TurnOptions {
  members: number;
  /** Frames that are sent one at a time, and how far apart. */
  frames: number;
  frameEveryMs: number;
  /** The lively class: so many messages, so many a second, of so many people. */
  messages: number;
  messagesPerSecond: number;
  speakers: number;
  /** How long memory is given to settle. */
  settleMs: number;
}

export interface Turn {
  connectsPerSecond: number;
  /** Null where there is no class to join. */
  joinsPerSecond: number | null;
  kilobytesPerConnection: number;
  /** Of one that has joined the class: what the class itself keeps of its member included. */
  kilobytesPerMember: number | null;
  /** Deliveries per second of processor time, one frame at a time. */
  deliveriesPerSecond: number;
  /** From the instructor sending a message to each member having it, ms, for all the frames. */
  delaysMs: number[];
  /** Messages delivered per second of processor time, in the lively class. */
  messagesPerSecond: number;
  /** From each message being sent to each member having it, ms, in the lively class. */
  livelyDelaysMs: number[];
}

/**
 * These come first and are not measured: they have the code compiled that has never run, and fill what memory a new
 * process has to spare.
 */
const firstShare = 0.2;

export async function takeTurn(side: FanoutSide, options: TurnOptions): Promise<Turn> {
  const open = await side.open(options.members);
  const ports = open.servers.map(({ port }) => port);
  let crowd: Crowd | null = null;
  try {
    crowd = gatherCrowd({ protocol: open.protocol, ports, tickets: await open.tickets() });
    return await measure(open, crowd, options);
  } finally {
    await crowd?.close();
    await open.close();
  }
}

async function measure(open: OpenSide, crowd: Crowd, options: TurnOptions): Promise<Turn> {
  const pids = open.servers.map(({ pid }) => pid);
  const secondsOf = async (work: () => Promise<unknown>) => {
    const before = processorSeconds(pids);
    await work();
    return processorSeconds(pids) - before;
  };
  const say = (speaker: number, number: number) => open.send?.(number) ?? crowd.say(speaker, number);

  const rest = crowd.size * (1 - firstShare);
  const joins = open.protocol === 'product';
  await crowd.connect(0, firstShare);
  if (joins) await crowd.join(0, firstShare);
  const firstKilobytes = await settledKilobytes(pids, options.settleMs);
  const connecting = await secondsOf(() => crowd.connect(firstShare, 1));
  const connectedKilobytes = await settledKilobytes(pids, options.settleMs);
  const joining = joins ? await secondsOf(() => crowd.join(firstShare, 1)) : null;
  const joinedKilobytes = joins ? await settledKilobytes(pids, options.settleMs) : null;
  await crowd.beat();

  let singly = 0;
  const delaysMs: number[] = [];
  for (let number = 0; number <= options.frames; number++) {
    const next = monotonicMs() + options.frameEveryMs;
    await crowd.expect(number, 1);
    const seconds = await secondsOf(async () => {
      const { at } = await say(0, number);
      const arrivals = await crowd.complete();
      await crowd.settled();
      // The first is sent by code that has never run, and is not counted.
      if (number > 0) for (const part of arrivals) for (const arrival of part) delaysMs.push(arrival - at);
    });
    if (number > 0) singly += seconds;
    await delay(Math.max(0, next - monotonicMs()));
  }

  const livelyDelaysMs: number[] = [];
  await crowd.expect(options.frames + 1, options.messages);
  const lively = await secondsOf(async () => {
    const sent = await chat(say, options);
    const arrivals = await crowd.complete();
    await crowd.settled();
    for (const part of arrivals)
      part.forEach((arrival, place) => livelyDelaysMs.push(arrival - (sent[place % sent.length]?.at ?? NaN)));
  });

  const { size } = crowd;
  return {
    connectsPerSecond: rest / connecting,
    joinsPerSecond: joining === null ? null : rest / joining,
    kilobytesPerConnection: (connectedKilobytes - firstKilobytes) / rest,
    kilobytesPerMember: joinedKilobytes === null ? null : (joinedKilobytes - firstKilobytes) / rest,
    deliveriesPerSecond: (options.frames * size) / singly,
    delaysMs,
    messagesPerSecond: (options.messages * size) / lively,
    livelyDelaysMs,
  };
}

/** The learners speak in turn, at an even pace, whether or not the servers keep up. */
async function chat(
  say: (speaker: number, number: number) => Promise<{ at: number }>,
  { frames, messages, messagesPerSecond, speakers }: TurnOptions,
): Promise<{ at: number }[]> {
  const said: Promise<{ at: number }>[] = [];
  const began = monotonicMs();
  for (let nth = 0; nth < messages; nth++) {
    said.push(say(1 + (nth % speakers), frames + 1 + nth));
    await delay(Math.max(0, began + ((nth + 1) * 1_000) / messagesPerSecond - monotonicMs()));
  }
  return Promise.all(said);
}
