/**
 * The members of one server process, in a process of their own: they connect, join as the page does, beat as often as
 * the page is told to, answer pings, say something when asked to, and note what they hear and when. Nothing of what
 * arrives is looked at twice: the same bytes go to everybody, so they are read once and compared after that.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientEventName, Request } from '@keshi/contract/signaling';
import { z } from 'zod';
import { answer } from './child.ts';
import { clientFrame } from './frames.ts';
import { createLedger, monotonicMs, type Ledger } from './ledger.ts';
import { openMember, Refused, type Member, type Protocol } from './member.ts';
import { numbersIn, packetOf, textOf } from './message.ts';

export interface Gathering {
  protocol: Protocol;
  port: number;
  /** One for each member; null where none are asked for. */
  tickets: (string | null)[];
}

const sources = Array.from({ length: 16 }, (_, n) => `127.0.0.${n + 2}`);
/** Connecting, or joining, at the same time. */
const atOnce = 64;
/** As often as the page beats in a class whose course has no rules of its own. */
const beatMs = 10_000;
const beatSlots = 100;
const beatFrame = clientFrame(packetOf('beat', { visible: true, rttMs: 24 }));

let gathering: Gathering | null = null;
const members: Member[] = [];
let ledger: Ledger = createLedger(0);
let lost: Error | null = null;

const heardBefore: { packet: Buffer; numbers: readonly number[] }[] = [];
const rememberedPackets = 8;
const beginning = Buffer.from('42["events"');

function readNumbers(packet: Buffer): readonly number[] {
  const known = heardBefore.find((one) => one.packet.equals(packet));
  if (known) return known.numbers;
  // Counts, totals and one's own attendance, which the page is told besides.
  if (!packet.subarray(0, beginning.length).equals(beginning)) return [];
  const numbers = numbersIn(packet.toString());
  heardBefore.unshift({ packet: Buffer.from(packet), numbers });
  heardBefore.length = Math.min(heardBefore.length, rememberedPackets);
  return numbers;
}

async function connectOne(n: number): Promise<void> {
  const { protocol, port, tickets } = gathering ?? never();
  for (;;)
    try {
      const member = openMember({
        protocol,
        port,
        from: sources[n % sources.length] ?? '127.0.0.1',
        ticket: tickets[n] ?? null,
        heard(packet) {
          const at = monotonicMs();
          for (const number of readNumbers(packet)) ledger.note(n, number, at);
        },
        lost: (error) => (lost ??= members[n] ? error : null),
      });
      await member.connected;
      members[n] = member;
      return;
    } catch (error) {
      if (!(error instanceof Refused) || error.retryMs === null) throw error;
      await delay(error.retryMs);
    }
}

const ack = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), data: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.object({ code: z.string(), retryMs: z.number().optional() }),
  }),
]);

/** Asks again where the page would: when it is told to. */
async function ask<K extends ClientEventName>(
  member: Member,
  name: K,
  request: Request<K>,
): Promise<unknown> {
  for (;;) {
    const answered = ack.parse(await member.ask(name, request));
    if (answered.ok) return answered.data;
    if (answered.error.retryMs === undefined) throw new Error(`${name} was refused: ${answered.error.code}`);
    await delay(answered.error.retryMs);
  }
}

/** Without media: what a page is told of the class does not depend on it. */
const joinRequest: Request<'join'> = {
  rtpCapabilities: null,
  resume: false,
  mediaNode: null,
  audioOnly: false,
  lastSeq: null,
  visible: true,
  device: 'desktop',
};

/** Of the snapshot alone what is needed here: to read all of it ten thousand times is the pages' own work. */
const joined = z.object({ snapshot: z.object({ you: z.object({ beatMs: z.number() }) }) });

async function joinOne(n: number): Promise<void> {
  const { snapshot } = joined.parse(await ask(memberOf(n), 'join', joinRequest));
  if (snapshot.you.beatMs !== beatMs) throw new Error('the page would beat at another pace');
}

/** The members from one number up to another. */
export interface Some {
  from: number;
  to: number;
}

/** Runs `work` for each of them, a few at a time. */
async function forAll({ from, to }: Some, work: (n: number) => Promise<void>): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < to) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function beat(): void {
  let slot = 0;
  setInterval(() => {
    for (let n = slot; n < members.length; n += beatSlots) members[n]?.send(beatFrame);
    slot = (slot + 1) % beatSlots;
  }, beatMs / beatSlots);
}

function memberOf(n: number): Member {
  return members[n] ?? never();
}

function never(): never {
  throw new Error('there is no such member');
}

function refuseIfLost(): void {
  if (lost) throw new Error(`a member was lost: ${lost.message}`);
}

const answers = {
  gather(asked: Gathering): void {
    gathering = asked;
    ledger = createLedger(asked.tickets.length);
  },
  connect: (some: Some) => forAll(some, connectOne),
  async startClass(): Promise<void> {
    await joinOne(0);
    await ask(memberOf(0), 'class.start', {});
  },
  async join(some: Some): Promise<void> {
    await forAll(some, joinOne);
    refuseIfLost();
  },
  beat,
  expect: ({ first, count }: { first: number; count: number }) => ledger.expect(first, count),
  async say({ member, number }: { member: number; number: number }): Promise<{ at: number }> {
    const at = monotonicMs();
    await ask(memberOf(member), 'chat.send', { clientId: randomUUID(), text: textOf(number) });
    return { at };
  },
  async complete({ patienceMs }: { patienceMs: number }): Promise<Float64Array> {
    const arrivals = await ledger.complete(patienceMs);
    refuseIfLost();
    return arrivals;
  },
  ping: () => memberOf(0).ping(),
  leave(): void {
    for (const member of members) member.close();
  },
};
export type MembersAnswers = typeof answers;

answer(answers);
