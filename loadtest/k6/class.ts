/** One class with everything that a lively class does, and others, if there are any, whose people are there and beat. */
import { setTimeout } from 'k6/timers';
import { attend, type MemberEvents } from './attendance.ts';
import { checkTotals, startClass, teach } from './instructor.ts';
import { createLearner } from './learner.ts';
import { boardGapMs, frames } from './metrics.ts';
import { endsAtMs, optionsWith } from './options.ts';
import { ownMembers, settings, type Lively, type Member } from './plan.ts';

/** @public k6 calls it. */
export { report as handleSummary } from './report.ts';
/** @public k6 reads it. */
export const options = optionsWith({
  quiz_wrong_totals: ['count==0'],
  events_missed: ['count==0'],
  broadcast_ms: ['p(99)<2000'],
  quiz_ack_ms: ['p(99)<5000'],
});

/** @public k6 calls it for each virtual user. */
export default function members(): void {
  const { lively } = settings;
  if (!lively) throw new Error('the plan says nothing about the class');
  const leaves = ownMembers().map((member) => attend(member, partOf(member, lively)));
  setTimeout(() => leaves.forEach((leave) => leave()), endsAtMs - Date.now());
}

function partOf(member: Member, lively: Lively): MemberEvents {
  if (member.classAt > 0 && member.role !== 'observer')
    return {
      joined(socket) {
        if (member.role === 'host') startClass(socket);
      },
      heard: () => frames.add(1),
    };
  switch (member.role) {
    case 'host':
      return {
        joined(socket) {
          startClass(socket);
          teach(socket, lively);
        },
        heard(_, name, json) {
          frames.add(1);
          if (name === 'events' && json.includes('"quiz.closed"')) checkTotals(json);
        },
      };
    case 'observer':
      return supervise();
    case 'attendee': {
      const learner = createLearner(member, lively);
      return {
        joined: (socket, { snapshot }) => learner.joined(socket, snapshot.seq),
        heard: learner.heard,
      };
    }
  }
}

/** Watches the board; learners beat all the time, so it changes all the time. */
function supervise(): MemberEvents {
  let changedAt: number | null = null;
  return {
    joined(socket) {
      socket.ask('board.watch', { watch: true }, () => undefined);
    },
    heard(_, name) {
      frames.add(1);
      if (name !== 'board') return;
      const now = Date.now();
      if (changedAt !== null) boardGapMs.add(now - changedAt);
      changedAt = now;
    },
  };
}
