import { type Replay, replayLimits, type ReplayPreview, type ReplayView } from '@keshi/contract/http/replay';
import { routes } from '@keshi/contract/http/routes';
import { type PreviewIndex, recordingPrefix } from '@keshi/contract/recordings';
import { type ClassRow, rescheduleClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { namesOf } from '@keshi/db/person-names';
import { getRecording, type StoredRecording } from '@keshi/db/recordings';
import { chatPage } from '@keshi/db/replay-facts';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { signPath } from '@keshi/runtime/media-store/signed-path';
import { findClass } from '../classes/class-access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { marksFor, nameFor } from './marks.ts';
import { createStoredReplays, type StoredReplay } from './stored-recording.ts';

/** Longer than a class and its breaks; the page asks for new addresses before they end. */
const linkMs = 6 * 3_600_000;

interface Deps {
  db: Db;
  clock: Clock;
  store: MediaStore;
  tokenSecret: string;
}

export function replayRoutes({ db, clock, store, tokenSecret }: Deps) {
  const replays = createStoredReplays({ store, clock });

  /** Where the recording's files are for this login session, and until when. */
  function linksFor(actor: Actor, classId: string): { base: string; expiresAt: number } {
    const expiresAt = clock() + linkMs;
    const prefix = recordingPrefix(classId);
    const { userId: sub, sid } = actor;
    return { base: `/media/${signPath({ secret: tokenSecret, prefix, sub, sid, expiresAt })}/`, expiresAt };
  }

  function stored({ classId, views, hasPreview }: StoredRecording): Promise<StoredReplay | null> {
    return replays.of(classId, { camera: views.includes('camera'), preview: hasPreview });
  }

  async function ready(actor: Actor, row: ClassRow, recording: StoredRecording): Promise<Replay> {
    const replay = await stored(recording);
    if (!replay) return { state: 'failed', reason: 'storage-unavailable' };
    const { timeline, cameraSpans, preview } = replay;
    const { base, expiresAt } = linksFor(actor, row.id);
    const prefix = `${base}${recordingPrefix(row.id)}`;
    const whole = [{ from: 0, to: timeline.durationMs }];
    const views = recording.views.map((view): ReplayView => {
      const spans = view === 'main' ? whole : cameraSpans;
      return { view, url: `${prefix}${view}.m3u8`, spans };
    });
    return {
      state: 'ready',
      durationMs: timeline.durationMs,
      from: timeline.from,
      views: views.filter(({ spans }) => spans.length > 0),
      preview: preview && previewAt(`${prefix}preview/`, preview),
      marks: await marksFor(db, { row, reader: actor.userId, timeline }),
      expiresAt,
    };
  }

  return {
    replay: bind(routes.replay, async ({ actor, params, audit }) => {
      const { row, role } = await findClass(db, actor, params.id);
      const seen = seenOf(row, await getRecording(db, row.id));
      if (seen.state !== 'ready') return seen;
      // As in the class itself: whoever watches others leaves a trace before he sees anything.
      if (role === 'observer')
        await audit({
          action: 'class.replayed',
          targetType: 'class',
          targetId: row.id,
          orgPath: row.orgPaths[0],
        });
      return ready(actor, row, seen.recording);
    }),

    replayChat: bind(routes.replayChat, async ({ actor, params, query }) => {
      const { row } = await findClass(db, actor, params.id);
      const seen = seenOf(row, await getRecording(db, row.id));
      const replay = seen.state === 'ready' ? await stored(seen.recording) : null;
      if (!replay) throw new AppError('not-found');
      const messages = await chatPage(db, row.id, { page: query.page, size: replayLimits.chatPage });
      const names = await namesOf(db, [...new Set(messages.map(({ userId }) => userId))]);
      const shown = nameFor(actor.userId, row);
      return {
        rows: messages.map(({ id, at, userId, role, text }) => ({
          id,
          at,
          position: replay.timeline.positionOf(at),
          from: { userId, role, name: shown(userId, names.get(userId) ?? '') },
          text,
        })),
      };
    }),

    setRecording: bind(routes.setRecording, async ({ actor, params, body, audit }) => {
      const { row } = await findClass(db, actor, params.id, 'class.teach');
      const { record, version } = await rescheduleClass(db, { id: row.id, ...body });
      await audit({
        action: 'class.rescheduled',
        targetType: 'class',
        targetId: row.id,
        orgPath: row.orgPaths[0],
        detail: { fields: ['record'] },
      });
      return { record, version };
    }),
  };
}

type Seen = Exclude<Replay, { state: 'ready' }> | { state: 'ready'; recording: StoredRecording };

/** What there is to see of a class's recording by now. One that is missing must not look as if none was meant. */
function seenOf(row: ClassRow, recording: StoredRecording | null): Seen {
  const over = row.state === 'ended';
  if (!recording)
    return over && row.record ? { state: 'failed', reason: 'nothing-recorded' } : { state: 'none' };
  switch (recording.state) {
    case 'recording':
      // Its coordinator was lost at the end; the recording is being finished all the same.
      return { state: over ? 'preparing' : 'recording' };
    case 'preparing':
      return { state: 'preparing' };
    case 'ready':
      return { state: 'ready', recording };
    case 'failed':
      return { state: 'failed', reason: recording.reason ?? 'internal' };
  }
}

function previewAt(folder: string, { sheets, ...grid }: PreviewIndex): ReplayPreview {
  return { ...grid, urls: sheets.map((sheet) => `${folder}${sheet}`) };
}
