/** A member who comes and stays: connects at its time, joins, beats, and comes back when it is told to. */
import { clearInterval, setInterval, setTimeout } from 'k6/timers';
import {
  beatAckMs,
  beats,
  connectFailures,
  joined,
  joinMs,
  refusedForNow,
  rejoined,
  rejoinMs,
  stormDisconnects,
  stormFailures,
  unexpectedDisconnects,
} from './metrics.ts';
import { ClassSocket, type Answer } from './class-socket.ts';
import { settings, type Member } from './plan.ts';

export interface Joined {
  snapshot: { seq: number; you: { userId: string; beatMs: number } };
}

export interface MemberEvents {
  joined?(socket: ClassSocket, data: Joined): void;
  heard?(socket: ClassSocket, name: string, json: string): void;
}

const asAttendee = {
  rtpCapabilities: null,
  resume: false,
  audioOnly: false,
  lastSeq: null,
  visible: true,
  device: 'phone',
};
const askForAnswerEvery = 100;
/** As patient as a page (web/client/src/net/class-socket.ts): it comes back as often as it is told to. */
const joinedWithinMs = 10_000;
const firstRetryMs = 500;
const longestRetryMs = 15_000;
const announcedSpread = 0.25;
/** Who was never in gives up on what only fails. */
const mostFailures = 5;

/** Answers how to end it. */
export function attend(member: Member, events: MemberEvents): () => void {
  const tab = `tab-${member.classAt}-${member.role}-${member.n}`;
  const setsOutAtMs = settings.startAtMs + Math.floor((member.at * settings.rampMs) / settings.members);
  let failures = 0;
  /** Since it was last in class. */
  let attempts = 0;
  let hasJoined = false;
  let isOver = false;
  let lostAtMs: number | null = null;
  let socket: ClassSocket | null = null;
  let beating: number | null = null;

  const stopBeating = () => {
    if (beating !== null) clearInterval(beating);
    beating = null;
  };
  const comeBackIn = (afterMs: number) => {
    stopBeating();
    if (!isOver) setTimeout(connect, afterMs);
  };
  const comeBackWhenTold = (retryMs: number) => comeBackIn(retryMs * (1 + Math.random() * announcedSpread));
  /** Longer each time, and never in step with others. */
  const comeBack = () => {
    const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** attempts);
    attempts += 1;
    comeBackIn(ceiling / 2 + (Math.random() * ceiling) / 2);
  };

  function beat(mine: ClassSocket, count: number): void {
    beats.add(1);
    const payload = { visible: true, rttMs: null };
    if (count % askForAnswerEvery !== 0) return mine.tell('beat', payload);
    const askedAt = Date.now();
    mine.ask('beat', payload, () => beatAckMs.add(Date.now() - askedAt));
  }

  function connect(): void {
    if (isOver) return;
    const mine = new ClassSocket(
      member.url,
      { ticket: member.ticket, tab, returning: hasJoined },
      {
        connected: () =>
          mine.require<Joined>('join', asAttendee, joinedWithinMs, (answer) => onAnswer(mine, answer)),
        failed({ retryMs }) {
          if (isOver) return;
          if (retryMs !== null) {
            refusedForNow.add(1);
            return comeBackWhenTold(retryMs);
          }
          if (lostAtMs !== null) {
            stormFailures.add(1);
            return comeBack();
          }
          failures += 1;
          connectFailures.add(1);
          if (failures < mostFailures) comeBack();
        },
        lost() {
          if (isOver) return;
          if (settings.stormAtMs !== undefined && Date.now() >= settings.stormAtMs) {
            stormDisconnects.add(1);
            lostAtMs ??= Date.now();
          } else unexpectedDisconnects.add(1);
          comeBack();
        },
        heard: (name, json) => events.heard?.(mine, name, json),
      },
    );
    socket = mine;
  }

  function onAnswer(mine: ClassSocket, answer: Answer<Joined>): void {
    if (!answer.ok) {
      mine.close();
      const { retryMs } = answer.error;
      (retryMs === null ? connectFailures : refusedForNow).add(1);
      if (retryMs !== null) comeBackWhenTold(retryMs);
      return;
    }
    attempts = 0;
    hasJoined = true;
    if (lostAtMs === null) {
      joined.add(1);
      joinMs.add(Date.now() - setsOutAtMs);
    } else {
      rejoined.add(1);
      rejoinMs.add(Date.now() - lostAtMs);
      lostAtMs = null;
    }
    // Members beat out of step, as they came; every hundredth beat of all is asked about, whoever it is of.
    let count = Math.floor(Math.random() * askForAnswerEvery);
    beating = setInterval(() => beat(mine, ++count), answer.data.snapshot.you.beatMs);
    events.joined?.(mine, answer.data);
  }

  setTimeout(connect, Math.max(1, setsOutAtMs - Date.now()));
  return () => {
    isOver = true;
    stopBeating();
    socket?.close();
  };
}
