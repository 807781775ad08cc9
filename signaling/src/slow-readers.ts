/**
 * Connections that do not read what they are sent. What is sent to them stays in this process, so a page that hangs, or a
 * script that only asks, would cost ever more memory: it is let go instead, and comes back by itself.
 *
 * What waits is in two places. The batch under way is with the WebSocket and its TCP socket (`bufferedAmount`), and as
 * long as the system has not taken all of it engine.io's transport is not `writable` (public). All that is sent meanwhile waits behind it in engine.io's own buffer; it says so for each packet with `packetCreate`, and with
 * `drain` when the next batch begins, both documented. So nothing is counted for those who read, and looking at them
 * costs one property each.
 */
import type { Logger } from '@keshi/runtime/log';
import type { Connection, Connections } from './connections.ts';

export interface SlowReaders {
  /** Once a second. Whoever is too slow is told, in case it still reads, and is cut off with the next look. */
  look(): void;
  /** Connections that something waits for. */
  readonly size: number;
}

export interface SlowReadersDeps {
  connections: Connections;
  now: () => number;
  log: Logger;
  /** One has been let go. */
  dropped: () => void;
}

/**
 * Characters that may wait behind the batch under way. A lively class sends some 6 KB a second, so this is minutes of it;
 * the largest answer there is, the board of ten thousand, is a batch of its own and is not counted.
 */
const mostBehind = 1024 * 1024;
/**
 * A batch may take this long. That answer of some MB needs 3 Mbit/s then; and who reads nothing at all would be noticed
 * by its missing heartbeats only minutes after.
 */
export const patienceMs = 20_000;
/** What the page is told to wait; it spreads that by itself. */
const retryMs = 2_000;

interface Reader {
  readonly connection: Connection;
  /** When the batch under way was first seen to be stuck. */
  readonly since: number;
  behind: number;
  told: boolean;
  /** Listens no more. */
  leave(): void;
}

export function createSlowReaders({ connections, now, log, dropped }: SlowReadersDeps): SlowReaders {
  const slow = new Map<string, Reader>();

  function notice(connection: Connection): void {
    const { conn } = connection.socket;
    const count = ({ data }: { data?: { length: number } }) => void (reader.behind += data?.length ?? 0);
    const goesOn = () => {
      if (!reader.told) forget(reader);
    };
    const reader: Reader = {
      connection,
      since: now(),
      behind: 0,
      told: false,
      leave() {
        conn.off('packetCreate', count);
        conn.off('drain', goesOn);
      },
    };
    conn.on('packetCreate', count);
    conn.on('drain', goesOn);
    slow.set(connection.id, reader);
  }

  function forget(reader: Reader): void {
    reader.leave();
    slow.delete(reader.connection.id);
  }

  function tell(reader: Reader): void {
    const { connection, behind, since } = reader;
    reader.told = true;
    // It lies behind all the rest: only who begins to read within this second gets to know.
    connection.socket.emit('goodbye', { reason: 'too-slow', retryMs });
    const unsent = connection.wire.bufferedAmount + behind;
    log.info(
      { connectionId: connection.id, classId: connection.classId, unsent, stuckMs: now() - since },
      'letting a connection go that does not read',
    );
    dropped();
  }

  return {
    look() {
      for (const connection of connections.all())
        if (!connection.socket.conn.transport.writable && !slow.has(connection.id)) notice(connection);
      for (const reader of [...slow.values()])
        // Closing in order would wait for the other side: for the queue to be read, and then for its farewell.
        if (reader.told || connections.get(reader.connection.id) === null) {
          forget(reader);
          if (reader.told) reader.connection.wire.terminate();
        } else if (reader.connection.socket.conn.transport.writable) forget(reader);
        else if (reader.behind > mostBehind || now() - reader.since >= patienceMs) tell(reader);
    },
    get size() {
      return slow.size;
    },
  };
}
