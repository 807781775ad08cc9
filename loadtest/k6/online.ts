/** Everybody is in class, and nothing happens but heartbeats: what a connection costs to hold. */
import { setTimeout } from 'k6/timers';
import { attend } from './attendance.ts';
import { startClass } from './instructor.ts';
import { frames } from './metrics.ts';
import { endsAtMs, optionsWith } from './options.ts';
import { ownMembers } from './plan.ts';

/** @public k6 calls it. */
export { report as handleSummary } from './report.ts';
/** @public k6 reads it. */
export const options = optionsWith();

/** @public k6 calls it for each virtual user. */
export default function members(): void {
  const leaves = ownMembers().map((member) =>
    attend(member, {
      joined(socket) {
        if (member.role === 'host') startClass(socket);
      },
      heard: () => frames.add(1),
    }),
  );
  setTimeout(() => leaves.forEach((leave) => leave()), endsAtMs - Date.now());
}
