/** Lessons to study, for tests over HTTP. */
import { lessonPrefix, type MadeMedia } from '@keshi/contract/lessons';
import type { ChallengeAnswer, StudyStanding } from '@keshi/contract/study';
import { newId } from '@keshi/db/ids';
import type { RouteReply } from '@keshi/contract/http/route';
import type { Routes } from '@keshi/contract/http/routes';
import { call, type RunningWeb, tokenOf } from './running-web.ts';

export const second = 1_000;
export const minute = 60_000;

/** Published, of the world's course unless said otherwise. */
export async function addLesson(
  web: Pick<RunningWeb, 'db' | 'world'>,
  {
    title = '安全用电',
    lengthMs = 20 * minute,
    kind = 'video',
    classId = null,
    courseId = web.world.course.id,
    state = 'published',
    declaredMs = null,
    minimumMs = null,
    completion = declaredMs === null ? null : 'read',
    mediaKey,
  }: {
    title?: string;
    lengthMs?: number | null;
    kind?: string;
    classId?: string | null;
    courseId?: string;
    state?: string;
    declaredMs?: number | null;
    minimumMs?: number | null;
    completion?: 'read' | 'package' | 'self-test' | null;
    mediaKey?: string;
  } = {},
): Promise<string> {
  const id = newId();
  const last = await web.db.prisma.lesson.count({ where: { courseId } });
  await web.db.prisma.lesson.create({
    data: {
      id,
      courseId,
      ordinal: last + 1,
      title,
      kind,
      state,
      durationMs: lengthMs,
      declaredMs,
      minimumMs,
      completion,
      mediaKey: mediaKey ?? `lessons/${id}/${newId()}/`,
      classId,
    },
  });
  return id;
}

/** What was made of a lesson's upload: a package of parts that each tell when they are complete. */
export async function addPackage(
  web: Pick<RunningWeb, 'db' | 'world'>,
  lessonId: string,
  parts: readonly string[],
): Promise<void> {
  const [id, uploadId] = [newId(), newId()];
  const at = { createdAt: new Date(), endedAt: new Date() };
  await web.db.prisma.lessonUpload.create({
    data: { id: uploadId, lessonId, byId: web.world.idOf('teacher'), fileName: 'x.zip', size: 1, ...at },
  });
  const part = { title: '', start: 'index.html', reports: true, mastery: null, launchData: '' };
  const media: MadeMedia = {
    kind: 'package',
    standard: 'scorm-1.2',
    parts: parts.map((name) => ({ id: name, ...part })),
    files: [],
  };
  await web.db.prisma.lessonRevision.create({
    data: { id, lessonId, uploadId, state: 'ready', media, ...at },
  });
  const mediaKey = lessonPrefix(lessonId, id);
  await web.db.prisma.lesson.update({ where: { id: lessonId }, data: { mediaKey } });
}

export type Lesson = RouteReply<Routes['studyLesson']>;

/** An approved question about a lesson. */
export async function addItem(web: Pick<RunningWeb, 'db' | 'world'>, lessonId: string): Promise<string> {
  const id = newId();
  await web.db.prisma.bankItem.create({
    data: { id, courseId: web.world.course.id, lessonId, state: 'approved', kind: 'single' },
  });
  const content = {
    kind: 'single',
    stem: '断电后先做什么？',
    media: [],
    options: ['合闸', '验电', '离开'],
    correct: [1],
    explanation: '',
  };
  await web.db.prisma.bankItemRevision.create({
    data: { itemId: id, revision: 1, content, createdById: web.world.idOf('teacher') },
  });
  return id;
}

/** One learner's player over HTTP, honest unless told otherwise. */
export async function openPlayer(web: RunningWeb, login: string, lessonId: string, shared?: string) {
  let token = shared ?? (await tokenOf(web, login));
  let sessionId = '';
  let seq = 0;
  let standing: StudyStanding | null = null;
  const params = { lessonId };
  const renew = async () => {
    token = await tokenOf(web, login);
  };

  async function start() {
    const answer = await call(web, 'startStudy', { token, params });
    if (answer.status !== 200) throw new Error(`start: ${answer.error?.code}`);
    ({ sessionId, standing } = answer.body);
    seq = 0;
    return answer.body;
  }

  const report = (over: {
    spans: [number, number][];
    visible?: boolean;
    seq?: number;
    sessionId?: string;
    done?: boolean;
  }) => {
    seq = over.seq ?? seq + 1;
    return call(web, 'reportStudy', {
      token,
      params,
      body: { sessionId, seq, visible: true, position: over.spans.at(-1)?.[1] ?? 0, ...over },
    });
  };

  /** As the page does: plays on for so long, and reports. */
  async function watch(ms: number): Promise<StudyStanding> {
    const from = standing?.resumeAt ?? 0;
    web.pass(ms);
    const answer = await report({ spans: [[from, from + ms]] });
    if (answer.status !== 200) throw new Error(`report: ${answer.error?.code}`);
    standing = answer.body;
    return standing;
  }

  async function answer(given: ChallengeAnswer): Promise<StudyStanding> {
    const reply = await call(web, 'answerChallenge', { token, params, body: { sessionId, answer: given } });
    if (reply.status !== 200) throw new Error(`answer: ${reply.error?.code}`);
    standing = reply.body;
    return standing;
  }

  /** Answers what is asked, rightly. */
  async function pass(): Promise<StudyStanding> {
    const asked = standing?.challenge;
    if (asked?.kind !== 'attend') throw new Error(`asked was ${asked?.kind}`);
    return answer({ kind: 'attend', id: asked.id, choice: asked.number });
  }

  return {
    lessonId,
    answer,
    start,
    report,
    watch,
    pass,
    renew,
    get token() {
      return token;
    },
    get sessionId() {
      return sessionId;
    },
    get standing() {
      if (!standing) throw new Error('not started');
      return standing;
    },
    /** To the end, or until so much is counted, answering whatever is asked. */
    async study(untilMs = Infinity): Promise<StudyStanding> {
      for (let turn = 0; turn < 2_000; turn++) {
        if (turn % 20 === 19) await renew();
        if (standing?.challenge) await pass();
        if (standing?.complete || (standing?.countedMs ?? 0) >= untilMs) break;
        await watch(10 * second);
      }
      if (!standing) throw new Error('not started');
      return standing;
    },
    async lesson() {
      return (await call(web, 'studyLesson', { token, params })).body;
    },
  };
}
export type Player = Awaited<ReturnType<typeof openPlayer>>;
