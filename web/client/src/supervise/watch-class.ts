import type { LookShown } from '@keshi/contract/live-looks';
import type { Api } from '#net/api.ts';
import { ClassSocketError, type Connection, createClassSocket } from '#net/class-socket.ts';
import { failureOf } from '#net/failure.ts';
import type { Board } from './board.svelte.ts';

interface Options {
  api: Api;
  classId: string;
  board: Board;
  onConnection: (connection: Connection) => void;
  /** Of a learner who is being looked at. */
  onShown: (shown: LookShown) => void;
  /** The class has ended; its report says the rest. */
  onEnded: () => void;
}

/** Keeps a board true to a running class, over its socket, until the returned function is called. */
export function watchClass({ api, classId, board, onConnection, onShown, onEnded }: Options): () => void {
  let beats: ReturnType<typeof setInterval> | undefined;

  const socket = createClassSocket({
    classId,
    tab: crypto.randomUUID(),
    async ticket() {
      try {
        const { ticket, signalingUrl } = await api.call('ticket', { params: { id: classId } });
        return { ticket, signalingUrl };
      } catch (thrown) {
        const failure = failureOf(thrown);
        throw new ClassSocketError({
          ...failure,
          code: failure.code === 'offline' ? 'unavailable' : failure.code,
        });
      }
    },
    async onConnected() {
      const { snapshot } = await socket.request('join', {
        // An observer who only reads the board takes no sound and no picture.
        rtpCapabilities: null,
        resume: false,
        mediaNode: null,
        audioOnly: false,
        lastSeq: null,
        visible: false,
        device: 'unknown',
      });
      const { totals, rows } = await socket.request('board.watch', { watch: true });
      board.replace(totals, rows);
      clearInterval(beats);
      beats = setInterval(() => socket.beat({ visible: false, rttMs: null }), snapshot.you.beatMs);
    },
    onConnection(connection) {
      onConnection(connection);
      if (connection.state === 'closed' && connection.reason === 'class-ended') onEnded();
    },
  });
  socket.on('board', ({ totals, rows }) => {
    board.merge(totals, rows);
    if (totals.state === 'ended') onEnded();
  });
  socket.on('identity.shown', onShown);
  void socket.open();

  return () => {
    clearInterval(beats);
    socket.leave();
  };
}
