/** Everybody in a class: one process of members for each server process. The instructor is the first of all. */
import { startChild } from './child.ts';
import type { Protocol } from './member.ts';
import type { MembersAnswers, Some } from './members.ts';

export interface CrowdOptions {
  protocol: Protocol;
  ports: readonly number[];
  /** For all members; null where none are asked for. */
  tickets: readonly (string | null)[];
}

export interface Crowd {
  readonly size: number;
  /** From one share of all to another, 0 to 1. */
  connect(from: number, to: number): Promise<void>;
  /** The instructor is the first to join, and starts the class. */
  join(from: number, to: number): Promise<void>;
  /** From now on everybody proves being there, as the page does. */
  beat(): Promise<void>;
  expect(first: number, count: number): Promise<void>;
  /** Resolves when it is acknowledged, to the moment it was sent. */
  say(member: number, number: number): Promise<{ at: number }>;
  /** Resolves to when each message reached each member, or rejects. */
  complete(): Promise<readonly Float64Array[]>;
  /** Resolves when every server process has done what it was doing. */
  settled(): Promise<void>;
  leave(): Promise<void>;
  close(): Promise<void>;
}

/** A process may hold twenty thousand files open on the machines we know, and needs some itself. */
const mostMembers = 15_000;
/** Plain Socket.IO falls minutes behind a lively class of ten thousand on a busy machine. */
const patienceMs = 240_000;
const program = new URL('./members.ts', import.meta.url);

export function gatherCrowd({ protocol, ports, tickets }: CrowdOptions): Crowd {
  const parts = ports.map((port, at) => ({
    port,
    tickets: tickets.filter((_, n) => n % ports.length === at),
    members: startChild<MembersAnswers>(program),
  }));
  if (parts.some((part) => part.tickets.length > mostMembers))
    throw new Error(`more than ${mostMembers} members of one process`);
  type Part = (typeof parts)[number];
  const each = <T>(work: (part: Part, at: number) => Promise<T>): Promise<T[]> =>
    Promise.all(parts.map(work));
  const range = ({ tickets: { length } }: Part, from: number, to: number): Some => ({
    from: Math.round(from * length),
    to: Math.round(to * length),
  });
  const first = () => parts[0]?.members ?? never();

  return {
    size: tickets.length,
    async connect(from, to) {
      if (from === 0)
        await each(({ members, port, tickets: own }) =>
          members.ask('gather', { protocol, port, tickets: own }),
        );
      await each((part) => part.members.ask('connect', range(part, from, to)));
    },
    async join(from, to) {
      if (from === 0) await first().ask('startClass', undefined);
      await each((part, at) => {
        const some = range(part, from, to);
        // The instructor is in already.
        return part.members.ask('join', at === 0 && from === 0 ? { ...some, from: 1 } : some);
      });
    },
    async beat() {
      await each(({ members }) => members.ask('beat', undefined));
    },
    async expect(from, count) {
      await each(({ members }) => members.ask('expect', { first: from, count }));
    },
    say(member, number) {
      const part = parts[member % parts.length] ?? never();
      return part.members.ask('say', { member: Math.floor(member / parts.length), number });
    },
    complete: () => each(({ members }) => members.ask('complete', { patienceMs })),
    async settled() {
      await each(({ members }) => members.ask('ping', undefined));
    },
    async leave() {
      await each(({ members }) => members.ask('leave', undefined));
    },
    async close() {
      await each(({ members }) => members.stop());
    },
  };
}

function never(): never {
  throw new Error('there is no such process');
}
