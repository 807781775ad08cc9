/** Pictures from a learner who agreed to be looked at, to the supervisor who asked, wherever both are connected [AT7]. */
import { liveLooks, lookMessage, type LiveLook, type LookMessage } from '@keshi/contract/live-looks';
import type { Request } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { ClassBus } from '@keshi/runtime/state/ports';
import type { Connection, Connections } from '../connections.ts';

export interface LiveLooks {
  watch(): Promise<() => Promise<void>>;
  /** Throws `challenge-over` when nobody looks at this learner any more. */
  show(connection: Connection, shown: Request<'identity.show'>): Promise<void>;
}

export function createLiveLooks({
  bus,
  connections,
  now,
}: {
  bus: ClassBus;
  connections: Pick<Connections, 'find'>;
  now: () => number;
}): LiveLooks {
  const looks = new WeakMap<Connection, LiveLook & { byId: string }>();

  function heard(message: LookMessage): void {
    const { classId, userId, lookId, byId } = message;
    if (message.kind === 'shown') {
      const { picture } = message;
      const watcher = connections.find(classId, byId);
      if (watcher?.person.role === 'observer')
        watcher.socket.emit('identity.shown', { lookId, userId, picture });
      return;
    }
    const learner = connections.find(classId, userId);
    if (learner?.stage !== 'joined' || learner.person.role !== 'attendee') return;
    const { until } = message;
    looks.set(learner, { lookId, until, byId });
    learner.socket.emit('identity.look', { lookId, until });
  }

  return {
    watch: () =>
      bus.subscribe(liveLooks, (message) => {
        const parsed = lookMessage.safeParse(message);
        if (parsed.success) heard(parsed.data);
      }),
    async show(connection, { lookId, picture }) {
      const look = looks.get(connection);
      if (look?.lookId !== lookId || now() > look.until) throw new AppError('challenge-over');
      if (picture === null) looks.delete(connection);
      const { classId, person } = connection;
      const { byId } = look;
      const shown = { kind: 'shown', classId, byId, lookId, userId: person.userId, picture } as const;
      await bus.publish(liveLooks, shown satisfies LookMessage);
    },
  };
}
