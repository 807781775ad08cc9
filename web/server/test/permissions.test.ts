import { randomUUID } from 'node:crypto';
import { routes, type RouteName } from '@keshi/contract/http/routes';
import type { Route } from '@keshi/contract/http/route';
import { itemContent } from '@keshi/contract/items';
import { openThread } from '@keshi/db/discussions';
import { createExam, type ExamDraft } from '@keshi/db/exams';
import { certificateNumberOf } from '@keshi/rules/certificates';
import { enrol, unenrol } from '@keshi/db/groups';
import { createItems } from '@keshi/db/items';
import { createChapter, createLesson, updateLesson } from '@keshi/db/lessons';
import { createProject } from '@keshi/db/training-projects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf, call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { addLesson } from './study-world.ts';

const everybody = [
  'learner',
  'stranger',
  'teacher',
  'other-teacher',
  'staff',
  'other-staff',
  'employer',
  'other-employer',
  'regulator',
  'other-regulator',
  'expert',
  'school-admin',
  'admin',
] as const;
type Who = (typeof everybody)[number];

const supervisors: Who[] = ['staff', 'employer', 'regulator'];
const elsewhere: Who[] = ['other-staff', 'other-employer', 'other-regulator'];
const themselves: Who[] = ['learner', 'stranger', 'teacher', 'other-teacher'];
/** Both teach classes of the course. */
const teachers: Who[] = ['teacher', 'other-teacher'];
const admins: Who[] = ['school-admin', 'admin'];
const observers: Who[] = [...supervisors, ...admins];
const anywhere: Who[] = [...supervisors, ...elsewhere, ...admins];

interface Attempt {
  who: readonly Who[];
  input?: () => { params?: object; query?: object; body?: object; upload?: Blob };
  /** What an allowed caller gets; an edit is tried with an old version, so that the world stays as it is. */
  allowed?: string;
  before?: () => Promise<unknown>;
  after?: () => Promise<unknown>;
}

let web: RunningWeb;
const findingId = randomUUID();
/** Of the school's course: a video without a file, and a text that is published. */
let made: { chapterId: string; videoId: string; textId: string; projectId: string; threadId: string };
let lessonId: string;
const tokens = new Map<string, string>();
beforeAll(async () => {
  web = await runWeb();
  for (const who of everybody) tokens.set(who, await tokenOf(web, who));
  const courseId = web.world.course.id;
  const lesson = (kind: 'video' | 'text') =>
    createLesson(web.db, { courseId, chapterId: null, title: kind, kind });
  const [video, text] = [await lesson('video'), await lesson('text')];
  await updateLesson(web.db, { id: text.id, version: text.version, state: 'published' });
  const project = await createProject(web.db, {
    ...{ orgId: web.world.school.id, name: '项目', summary: '', audience: 'anyone', occupationCode: null },
  });
  made = {
    chapterId: await createChapter(web.db, { courseId, title: '第一章' }),
    ...{ videoId: video.id, textId: text.id, projectId: project.id },
    threadId: await openThread(web.db, {
      ...{ courseId, userId: web.world.idOf('learner'), asTeacher: false, at: web.clock() },
      ...{ title: '问', text: '为什么？' },
    }),
  };
  lessonId = await addLesson(web);
  // About somebody who asks for nothing here.
  await web.db.prisma.incident.create({
    data: {
      id: findingId,
      kind: 'class',
      contextId: web.world.held.id,
      userId: web.world.idOf('second'),
      courseId: web.world.course.id,
      orgPath: web.world.school.path,
      openedAt: new Date(web.clock()),
      decideBy: new Date(web.clock() + 86_400_000),
      keyId: randomUUID(),
    },
  });
  // Written by the one who teaches the course; an exam whose paper cannot be drawn, with an attempt that is over.
  const teacherId = web.world.idOf('teacher');
  const drafts = [itemDraft, itemDraft].map((content) => ({
    content,
    lessonId: null,
    contentPoint: '',
    difficulty: 3,
  }));
  [itemId = '', reviewedId = ''] = await createItems(web.db, {
    courseId: web.world.course.id,
    byId: teacherId,
    drafts,
  });
  await web.db.prisma.bankItem.update({ where: { id: reviewedId }, data: { state: 'in-review' } });
  const exam = await createExam(web.db, {
    courseId: web.world.course.id,
    byId: teacherId,
    draft: examDraft(),
  });
  examId = exam.id;
  await web.db.prisma.exam.update({ where: { id: examId }, data: { state: 'published' } });
  const at = new Date(web.clock());
  await web.db.prisma.examAttempt.create({
    data: {
      id: attemptId,
      examId,
      userId: web.world.idOf('learner'),
      number: 1,
      seed: 'x',
      paper: [{ itemId, revision: 1, kind: 'true-false', points: 100, shown: [] }],
      startedAt: at,
      writerSid: randomUUID(),
      lastSeenAt: at,
      endedAt: at,
      endCause: 'deadline',
      most: 100,
    },
  });
});
afterAll(() => web.close());

const draft = { kind: 'single', stem: '?', options: ['a', 'b'], correct: [0], seconds: 30 };
const old = 999;
const aboutSecond = () => ({ params: { userId: web.world.idOf('second') } });
const decisionOn = () => ({
  courseId: web.world.course.id,
  reason: '核实后决定',
  evidenceId: '01890000-0000-7000-8000-000000000001',
});
const aboutFinding = () => ({ params: { id: findingId } });
const ofCourse = () => ({ params: { id: web.world.course.id } });
const ofThread = () => ({ params: { id: made.threadId } });
const ofVideo = () => ({ params: { id: made.videoId } });
const certificateNumber = certificateNumberOf(2026, new Uint8Array(11));
const aboutCertificate = () => ({ params: { number: certificateNumber } });
const ofLesson = () => ({ params: { lessonId } });
const inClass = () => ({ params: { id: web.world.held.id } });

const inCourse = () => ({ params: { id: web.world.course.id } });
let itemId = '';
let reviewedId = '';
let examId = '';
const attemptId = randomUUID();
const ofItem = () => ({ params: { id: itemId } });
const ofExam = () => ({ params: { id: examId } });
const ofAttempt = () => ({ params: { id: attemptId } });
const itemDraft = itemContent.parse({ kind: 'true-false', stem: '零线不带电。', correct: false });
const examDraft = (): ExamDraft => ({
  kind: 'quiz',
  lessonId: null,
  title: '测验',
  opensAt: web.clock() - 60_000,
  closesAt: web.clock() + 3_600_000,
  durationMs: null,
  attempts: 2,
  passPercent: 60,
  plan: { by: 'fixed', questions: [{ itemId, points: 100 }] },
  multiple: 'all-or-nothing',
  show: 'score',
  shuffle: true,
  identity: 'not-required',
});

/** Who may, by the rules; everybody else must not get in. */
const attempts: Partial<Record<RouteName, Attempt | Attempt[]>> = {
  me: { who: everybody },
  updateMe: { who: everybody, input: () => ({ body: { locale: 'zh-CN' } }) },
  listClasses: { who: everybody },
  getClass: { who: ['learner', 'teacher', ...observers], input: inClass },
  ticket: { who: ['learner', 'teacher', ...observers], input: inClass },
  whip: { who: ['teacher'], input: () => ({ params: { id: web.world.coming.id } }) },
  report: [
    { who: ['teacher', ...observers], input: inClass },
    { who: supervisors, input: () => ({ ...inClass(), query: { unmask: true, reason: '核对名单' } }) },
  ],
  // Whoever teaches nothing is told of none.
  taughtGroups: { who: everybody },
  classCompleteness: { who: ['teacher', ...observers], input: inClass },
  reportFile: {
    who: supervisors,
    input: () => ({ params: { id: web.world.held.id, format: 'csv' } }),
  },
  timeline: [
    { who: ['learner'], input: () => ({ params: { id: web.world.held.id, userId: 'me' } }) },
    {
      who: ['teacher', ...observers],
      input: () => ({ params: { id: web.world.held.id, userId: web.world.idOf('second') } }),
    },
  ],
  ownQuestions: { who: ['learner'], input: inClass },
  leftoverQuestions: { who: ['teacher', 'other-teacher'] },
  answerQuestion: {
    who: ['teacher'],
    input: () => ({ params: { id: web.world.questionId }, body: { text: '零线带电，地线不带电。' } }),
  },
  listQuizzes: { who: ['teacher'], input: () => ({ params: { id: web.world.coming.id } }) },
  createQuiz: { who: ['teacher'], input: () => ({ params: { id: web.world.coming.id }, body: draft }) },
  updateQuiz: {
    who: ['teacher'],
    input: () => ({ params: { id: web.world.prepared.id }, body: { ...draft, version: old } }),
    allowed: 'outdated',
  },
  deleteQuiz: {
    who: ['teacher'],
    input: () => ({ params: { id: web.world.asked.id } }),
    allowed: 'conflict',
  },
  replay: { who: ['learner', 'teacher', ...observers], input: inClass },
  // Nothing is recorded of it: whoever may see the class learns no more than the others.
  replayChat: { who: ['learner', 'teacher', ...observers], input: inClass, allowed: 'not-found' },
  setRecording: {
    who: ['teacher'],
    input: () => ({ params: { id: web.world.coming.id }, body: { record: true, version: old } }),
    allowed: 'outdated',
  },
  screeningHits: {
    who: ['teacher', 'other-teacher', 'staff', 'other-staff', 'regulator', 'other-regulator', ...admins],
  },
  supervise: { who: anywhere },
  belowMinimum: { who: anywhere },
  hoursOf: [
    { who: everybody, input: () => ({ params: { userId: 'me' } }) },
    { who: ['teacher', ...observers], input: aboutSecond },
  ],
  hoursTrend: { who: ['teacher', ...observers], input: aboutSecond },
  ledgerEntries: { who: ['teacher', ...observers], input: aboutSecond },
  studyLesson: { who: ['learner', 'teacher', 'other-teacher', ...observers], input: ofLesson },
  startStudy: { who: ['learner'], input: ofLesson },
  reportStudy: {
    who: ['learner'],
    input: () => ({
      ...ofLesson(),
      body: { sessionId: randomUUID(), seq: 1, spans: [], visible: true, position: 0 },
    }),
  },
  answerChallenge: {
    who: ['learner'],
    input: () => ({ ...ofLesson(), body: { sessionId: randomUUID(), answer: { kind: 'again' } } }),
    allowed: 'conflict',
  },
  addNote: {
    who: ['learner'],
    input: () => ({ ...ofLesson(), body: { id: randomUUID(), position: 0, text: '断电后验电' } }),
  },
  // There is none of that name; nobody learns of others' notes.
  removeNote: {
    who: ['learner'],
    input: () => ({ params: { lessonId, noteId: randomUUID() } }),
    allowed: 'not-found',
  },
  studyOf: [
    { who: everybody, input: () => ({ params: { userId: 'me' } }) },
    { who: ['teacher', ...observers], input: aboutSecond },
  ],
  studyTrend: { who: ['teacher', ...observers], input: aboutSecond },
  listHours: { who: [...anywhere, 'teacher', 'other-teacher'] },
  hoursFile: {
    who: [...anywhere, 'teacher', 'other-teacher'],
    input: () => ({ params: { format: 'csv' } }),
  },
  // Whoever sees no course at all is told of none.
  bankCourses: { who: everybody },
  listItems: { who: [...teachers, 'staff', 'expert'], input: inCourse },
  getItem: { who: [...teachers, 'staff', 'expert'], input: ofItem },
  createItem: { who: [...teachers, 'staff'], input: () => ({ ...inCourse(), body: { content: itemDraft } }) },
  updateItem: {
    who: [...teachers, 'staff'],
    input: () => ({ ...ofItem(), body: { content: itemDraft, version: old } }),
    allowed: 'outdated',
  },
  importItems: {
    who: [...teachers, 'staff'],
    input: () => ({
      ...inCourse(),
      query: { format: 'csv' },
      upload: new Blob(['题型,题干\r\n'], { type: 'application/octet-stream' }),
    }),
  },
  exportItems: {
    who: [...teachers, 'staff'],
    input: () => ({ params: { id: web.world.course.id, format: 'csv' } }),
  },
  addItemMedia: {
    who: [...teachers, 'staff'],
    input: () => ({
      ...inCourse(),
      upload: new Blob(['no picture'], { type: 'application/octet-stream' }),
    }),
  },
  itemMediaLinks: {
    who: ['learner', ...teachers, 'staff', 'expert', 'regulator', ...admins],
    input: inCourse,
  },
  setItemState: [
    {
      who: [...teachers, 'staff'],
      input: () => ({ ...ofItem(), body: { state: 'in-review', version: old } }),
      allowed: 'outdated',
    },
    {
      // Its writer teaches the course, and does not approve what is his own.
      who: ['staff', 'expert'],
      input: () => ({ params: { id: reviewedId }, body: { state: 'approved', version: old } }),
      allowed: 'outdated',
    },
  ],
  listExams: { who: [...teachers, 'staff', 'regulator', ...admins], input: inCourse },
  createExam: { who: [...teachers, 'staff'], input: () => ({ ...inCourse(), body: examDraft() }) },
  getExam: { who: [...teachers, 'staff', 'regulator', ...admins], input: ofExam },
  updateExam: {
    who: [...teachers, 'staff'],
    input: () => ({ ...ofExam(), body: { ...examDraft(), version: old } }),
    allowed: 'outdated',
  },
  setExamState: {
    who: [...teachers, 'staff'],
    input: () => ({ ...ofExam(), body: { state: 'withdrawn', version: old } }),
    allowed: 'outdated',
  },
  previewExam: { who: [...teachers, 'staff'], input: ofExam, allowed: 'conflict' },
  examBoard: { who: [...teachers, 'staff', 'regulator', ...admins], input: ofExam },
  examStatistics: { who: [...teachers, 'staff', 'regulator', ...admins], input: ofExam },
  allowTime: {
    who: [...teachers, 'staff'],
    input: () => ({
      params: { id: examId, userId: web.world.idOf('second') },
      body: { extraMs: 60_000, ground: 'need' },
    }),
  },
  ownExams: { who: everybody },
  ownExam: { who: ['learner'], input: ofExam },
  // The bank has nothing that was approved: no paper can be drawn.
  openAttempt: { who: ['learner'], input: ofExam, allowed: 'unavailable' },
  saveAnswers: {
    who: ['learner'],
    input: () => ({ ...ofAttempt(), body: { lease: 1, sequence: 1, visible: true, answers: [] } }),
  },
  attemptResult: { who: ['learner'], input: ofAttempt },
  submitAttempt: {
    who: ['learner'],
    input: () => ({ ...ofAttempt(), body: { lease: 1 } }),
    allowed: 'exam-over',
  },
  readAttempt: { who: [...teachers, 'staff'], input: ofAttempt },
  admitToExam: {
    who: [...teachers, 'staff'],
    input: () => ({
      params: { id: examId, userId: web.world.idOf('learner') },
      body: { reason: '核对了证件' },
    }),
    allowed: 'conflict',
  },
  letIn: {
    who: [...teachers, 'staff'],
    input: () => ({ ...ofAttempt(), body: { reason: '核对了证件' } }),
    allowed: 'conflict',
  },
  markAnswer: {
    who: [...teachers, 'staff'],
    input: () => ({ ...ofAttempt(), body: { position: 0, earned: 0, gradingVersion: old } }),
    allowed: 'outdated',
  },
  decideLate: {
    who: [...teachers, 'staff'],
    input: () => ({
      ...ofAttempt(),
      body: { position: 0, lease: 1, sequence: 1, accepted: false, reason: '核对过' },
    }),
    allowed: 'not-found',
  },
  regradeExam: {
    who: [...teachers, 'staff'],
    input: () => ({ ...ofExam(), body: { itemId, how: 'strike', reason: '题目有误' } }),
  },
  reverseHours: {
    who: ['staff'],
    // Decided once, however often it is sent.
    input: () => ({ ...aboutSecond(), body: { ...decisionOn(), ground: 'idle' } }),
  },
  restoreHours: {
    who: ['staff'],
    input: () => ({ ...aboutSecond(), body: { ...decisionOn(), ground: 'mistake', reversal: 77 } }),
    allowed: 'not-found',
  },
  listLedgerRoots: { who: ['staff', 'other-staff', 'regulator', 'other-regulator', ...admins] },
  ledgerRootsFile: { who: ['staff', 'other-staff', 'regulator', 'other-regulator', ...admins] },
  listOrganizations: { who: anywhere },
  createOrganization: {
    who: admins,
    input: () => ({ body: { parentId: web.world.school.id, kind: 'platform', name: 'x' } }),
    allowed: 'invalid-input',
  },
  updateOrganization: {
    who: admins,
    input: () => ({ params: { id: web.world.school.id }, body: { name: 'x', version: old } }),
    allowed: 'outdated',
  },
  listUsers: { who: anywhere },
  createUser: {
    who: ['staff', ...admins],
    input: () => ({
      body: {
        login: 'learner',
        name: 'x',
        phone: null,
        orgId: web.world.school.id,
        roles: [{ role: 'learner', orgId: web.world.school.id }],
        password: 'long enough it is',
      },
    }),
    allowed: 'conflict',
  },
  updateUser: {
    who: ['staff', ...admins],
    input: () => ({ params: { id: web.world.idOf('second') }, body: { version: old, name: 'x' } }),
    allowed: 'outdated',
  },
  unmaskUser: {
    who: ['staff', 'regulator'],
    input: () => ({ params: { id: web.world.idOf('second') }, body: { reason: '核对身份' } }),
  },
  listCourses: { who: anywhere },
  createCourse: {
    who: ['staff'],
    input: () => ({ body: { orgId: web.world.school.id, title: '电工基础' } }),
    allowed: 'conflict',
  },
  updateCourse: [
    {
      who: ['staff'],
      input: () => ({ params: { id: web.world.course.id }, body: { version: old, title: 'x' } }),
      allowed: 'outdated',
    },
    {
      who: admins,
      input: () => ({
        params: { id: web.world.course.id },
        body: { version: old, policy: { minimumRate: 0.9 } },
      }),
      allowed: 'outdated',
    },
  ],
  listMaking: {
    who: ['teacher', 'other-teacher', 'staff', 'other-staff', 'employer', 'other-employer', 'expert'],
  },
  makingCourse: { who: ['staff', 'expert'], input: ofCourse },
  describeCourse: {
    who: ['staff'],
    input: () => ({ ...ofCourse(), body: { version: old, title: 'x' } }),
    allowed: 'outdated',
  },
  setAuthors: { who: ['staff'], input: () => ({ ...ofCourse(), body: { logins: ['nobody'] } }) },
  submitCourse: {
    who: ['staff'],
    input: () => ({ ...ofCourse(), body: { version: old } }),
    allowed: 'outdated',
  },
  delistCourse: {
    who: ['staff'],
    input: () => ({ ...ofCourse(), body: { version: old } }),
    allowed: 'outdated',
  },
  reviewCourse: {
    who: ['expert'],
    input: () => ({ ...ofCourse(), body: { version: old, decision: 'approve', opinion: '同意' } }),
    allowed: 'outdated',
  },
  listCatalogue: { who: everybody },
  getCourse: { who: ['learner'], input: ofCourse },
  // Nobody enrols himself where the course does not allow it.
  enrolSelf: { who: [], input: ofCourse },
  rateCourse: { who: ['learner'], input: () => ({ ...ofCourse(), body: { stars: 5 } }) },
  listThreads: { who: ['learner', 'teacher', 'other-teacher'], input: ofCourse },
  openThread: {
    who: ['learner', 'teacher', 'other-teacher'],
    input: () => ({ ...ofCourse(), body: { title: '问', text: '为什么？' } }),
  },
  readThread: { who: ['learner', 'teacher', 'other-teacher'], input: ofThread },
  replyToThread: {
    who: ['learner', 'teacher', 'other-teacher'],
    input: () => ({ ...ofThread(), body: { text: '因为。' } }),
  },
  deletePost: { who: [], input: () => ({ params: { id: made.threadId } }) },
  listOccupations: { who: everybody },
  importOccupations: { who: ['admin'], input: () => ({ upload: new Blob(['code,name']) }) },
  listProjects: { who: everybody },
  createProject: {
    who: ['staff'],
    input: () => ({ body: { orgId: web.world.school.id, name: '项目' } }),
    allowed: 'conflict',
  },
  updateProject: {
    who: ['staff'],
    input: () => ({ params: { id: made.projectId }, body: { version: old, name: 'x' } }),
    allowed: 'outdated',
  },
  createChapter: { who: ['staff'], input: () => ({ ...ofCourse(), body: { title: '章' } }) },
  updateChapter: {
    who: ['staff'],
    input: () => ({ params: { id: made.chapterId }, body: { version: old, title: 'x' } }),
    allowed: 'outdated',
  },
  deleteChapter: { who: ['staff'], input: () => ({ params: { id: made.chapterId } }) },
  createLesson: { who: ['staff'], input: () => ({ ...ofCourse(), body: { title: '课', kind: 'text' } }) },
  arrangeLessons: {
    who: ['staff'],
    input: () => ({ ...ofCourse(), body: { lessons: [] } }),
    allowed: 'outdated',
  },
  getLesson: { who: ['staff', 'expert'], input: ofVideo },
  updateLesson: {
    who: ['staff'],
    input: () => ({ ...ofVideo(), body: { version: old, title: 'x' } }),
    allowed: 'outdated',
  },
  setLessonState: {
    who: ['staff'],
    input: () => ({ ...ofVideo(), body: { version: old, state: 'published' } }),
    allowed: 'outdated',
  },
  deleteLesson: { who: ['staff'], input: () => ({ params: { id: made.textId } }), allowed: 'conflict' },
  addPicture: {
    who: ['staff'],
    input: () => ({ params: { id: made.videoId }, upload: new Blob(['no picture']) }),
    allowed: 'invalid-input',
  },
  putCaptions: {
    who: ['staff'],
    input: () => ({ params: { id: made.videoId, language: 'en' }, upload: new Blob(['no captions']) }),
    allowed: 'invalid-input',
  },
  deleteCaptions: {
    who: ['staff'],
    input: () => ({ params: { id: made.videoId, language: 'en' } }),
    allowed: 'not-found',
  },
  // No package was uploaded to it.
  openPackage: { who: ['staff', 'expert'], input: ofVideo, allowed: 'not-ready' },
  savePackage: {
    who: ['staff', 'expert'],
    input: () => ({ ...ofVideo(), body: { cmi: {} } }),
    allowed: 'not-ready',
  },
  listGroups: { who: anywhere },
  getGroup: { who: supervisors, input: () => ({ params: { id: web.world.group.id } }) },
  createGroup: {
    who: ['staff'],
    input: () => ({ body: { courseId: web.world.course.id, name: '一班', employerOrgId: null } }),
    allowed: 'conflict',
  },
  updateGroup: {
    who: ['staff', 'employer'],
    input: () => ({ params: { id: web.world.group.id }, body: { version: old, name: 'x' } }),
    allowed: 'outdated',
  },
  listEnrolments: { who: supervisors, input: () => ({ params: { id: web.world.group.id } }) },
  enrol: {
    who: ['staff', 'employer'],
    input: () => ({ params: { id: web.world.group.id }, body: { logins: ['nobody'] } }),
  },
  // A list with somebody unknown enrols nobody.
  importLearners: {
    who: ['staff', 'employer'],
    input: () => ({ params: { id: web.world.group.id }, upload: new Blob(['账号\nnobody\n']) }),
  },
  unenrol: {
    who: ['staff', 'employer'],
    input: () => ({ params: { id: web.world.group.id, userId: web.world.idOf('stranger') } }),
    before: () => enrol(web.db, { groupId: web.world.group.id, userIds: [web.world.idOf('stranger')] }),
    after: () =>
      unenrol(web.db, {
        groupId: web.world.group.id,
        userIds: [web.world.idOf('stranger')],
        now: web.clock(),
      }),
  },
  listSchedule: { who: anywhere },
  scheduleClass: {
    who: ['staff', ...admins],
    input: () => ({
      body: {
        groupId: web.world.group.id,
        title: 'x',
        instructorId: web.world.idOf('teacher'),
        scheduledStart: 2,
        scheduledEnd: 1,
      },
    }),
    allowed: 'invalid-input',
  },
  rescheduleClass: {
    who: ['staff', ...admins],
    input: () => ({ params: { id: web.world.coming.id }, body: { version: old, title: 'x' } }),
    allowed: 'outdated',
  },
  ownIdentity: { who: themselves },
  giveDocument: {
    who: themselves,
    input: () => ({ body: { kind: 'id-card', number: '1' } }),
    allowed: 'invalid-input',
  },
  consentText: { who: themselves },
  giveConsent: {
    who: themselves,
    input: () => ({ body: { decision: 'given', locale: 'en', version: 'old', hash: '0'.repeat(64) } }),
    allowed: 'outdated',
  },
  withdrawConsent: { who: themselves, input: () => ({ body: { locale: 'en' } }) },
  beginFace: { who: themselves, input: () => ({ body: { replace: false } }), allowed: 'consent-required' },
  sendFrame: {
    who: themselves,
    input: () => ({ params: { id: randomUUID(), step: 0 }, upload: new Blob(['x']) }),
    allowed: 'consent-required',
  },
  // Of those who may only one has a phone in the account; the others are told that there is none.
  sendPhoneCode: { who: ['learner'] },
  verifyPhone: {
    who: ['learner'],
    input: () => ({ body: { code: '000000' } }),
    allowed: 'wrong-code',
  },
  answerCheck: {
    who: [],
    input: () => ({
      params: { id: web.world.idOf('second') },
      query: { nonce: 'a'.repeat(24) },
      // One picture of three bytes, after its length.
      upload: new Blob([new Uint8Array([0, 0, 0, 3, 0xff, 0xd8, 0xff])]),
    }),
  },
  waitingInClass: { who: supervisors, input: inClass },
  recognise: {
    who: [],
    input: () => ({
      params: { id: web.world.held.id, userId: web.world.idOf('second') },
      body: { hour: 1, decision: 'confirmed' },
    }),
  },
  lookAt: {
    who: supervisors,
    input: () => ({ params: { id: web.world.running.id, userId: web.world.idOf('second') } }),
  },
  identityQueue: { who: ['staff', 'other-staff'] },
  revealIdentity: {
    who: [],
    input: () => ({ params: { id: web.world.idOf('second') }, body: { reason: '核对身份' } }),
  },
  decideIdentity: {
    who: [],
    input: () => ({
      params: { id: web.world.idOf('second') },
      body: { decision: 'confirm', reason: '核对身份', seen: '1/-' },
    }),
  },
  listIncidents: { who: ['staff', 'other-staff', 'regulator', 'other-regulator', ...admins] },
  ownIncidents: { who: everybody },
  getIncident: { who: ['staff', 'regulator', ...admins], input: aboutFinding },
  incidentPictures: { who: ['staff', 'regulator', ...admins], input: aboutFinding },
  decideIncident: {
    who: ['staff', 'regulator'],
    input: () => ({ ...aboutFinding(), body: { decision: 'dismiss', reason: '核实', version: old } }),
    allowed: 'outdated',
  },
  decideAppeal: {
    who: ['staff', 'regulator'],
    input: () => ({ ...aboutFinding(), body: { decision: 'refuse', reason: '核实', version: old } }),
    allowed: 'outdated',
  },
  appealIncident: {
    who: [],
    input: () => ({ ...aboutFinding(), body: { text: '不是替课', version: 1 } }),
  },
  groupCertificates: { who: supervisors, input: () => ({ params: { id: web.world.group.id } }) },
  issueCertificates: {
    who: ['staff'],
    input: () => ({
      params: { id: web.world.group.id },
      body: { userIds: [web.world.idOf('second')] },
    }),
  },
  // Nobody has one: whoever may learns no more than the others.
  certificatesZip: {
    who: ['staff'],
    input: () => ({ params: { id: web.world.group.id } }),
    allowed: 'not-found',
  },
  getCertificate: { who: [], input: aboutCertificate },
  certificateFile: {
    who: [],
    input: () => ({ params: { number: certificateNumber, format: 'json' } }),
  },
  revokeCertificate: {
    who: [],
    input: () => ({ ...aboutCertificate(), body: { ground: 'violation', reason: '查实' } }),
  },
  ownCertificates: { who: everybody },
  groupGrades: {
    who: ['teacher', ...observers],
    input: () => ({ params: { id: web.world.group.id } }),
  },
  gradesFile: {
    who: ['teacher', ...observers],
    input: () => ({ params: { id: web.world.group.id, format: 'csv' } }),
  },
  listNotices: { who: everybody },
  unreadNotices: { who: everybody },
  readNotices: { who: everybody, input: () => ({ body: { all: true } }) },
  noticeSettings: { who: everybody },
  chooseNotices: { who: everybody, input: () => ({ body: { mailKinds: [], smsKinds: [] } }) },
  // Nothing sends mail here: whoever may is told that.
  giveMailAddress: {
    who: everybody,
    input: () => ({ body: { address: 'somebody@example.cn' } }),
    allowed: 'unavailable',
  },
  verifyMailAddress: {
    who: everybody,
    input: () => ({ body: { code: '000000' } }),
    allowed: 'wrong-code',
  },
  removeMailAddress: { who: everybody },
  listAudit: { who: ['staff', 'other-staff', 'regulator', 'other-regulator', ...admins] },
  platformHealth: { who: ['admin'] },
};

const names = Object.keys(routes) as RouteName[];
const ofSession = names.filter((name) => routes[name].access === 'session' && name !== 'logout');

it('has an expectation for every route that needs a login', () => {
  expect(Object.keys(attempts).sort()).toEqual([...ofSession].sort());
});

describe.each(ofSession)('%s', (name) => {
  for (const [index, attempt] of [attempts[name] ?? []].flat().entries()) {
    it(`lets in whom the rules let in, and nobody else (${index + 1})`, async () => {
      for (const who of everybody) {
        await attempt.before?.();
        const answer = await call(web, name, { token: tokens.get(who), ...attempt.input?.() });
        const outcome = answer.error?.code ?? 'done';
        if (attempt.who.includes(who)) expect.soft([who, outcome]).toEqual([who, attempt.allowed ?? 'done']);
        else expect.soft(['forbidden', 'not-found'], `${who}: ${outcome}`).toContain(outcome);
      }
      await attempt.after?.();
    });
  }
});

it.each(names.filter((name) => routes[name].access === 'session'))(
  'refuses %s without a token, before looking at anything else',
  async (name) => {
    const route: Route = routes[name];
    const answer = await call(web, name, { headers: { 'content-type': 'application/json' } });
    expect(answer.error?.code).toBe('unauthenticated');
    expect(answer.status).toBe(401);
    const broken = await fetch(`${web.url}${addressOf(route)}`, {
      method: route.method,
      headers: { authorization: 'Bearer x.y.z', 'content-type': 'application/json' },
      ...(route.method === 'GET' ? {} : { body: '{broken' }),
    });
    expect(broken.status).toBe(401);
  },
);

describe('scope', () => {
  const rowsOf = async (name: 'listClasses' | 'listSchedule', who: Who) =>
    (await call(web, name, { token: tokens.get(who) })).body.rows.map(({ title }) => title).sort();

  it('shows staff the classes of their institution alone', async () => {
    expect(await rowsOf('listClasses', 'staff')).toEqual(['第一课', '第三课', '第二课', '二班第一课'].sort());
    expect(await rowsOf('listClasses', 'other-staff')).toEqual(['别校第一课']);
    expect(await rowsOf('listSchedule', 'other-staff')).toEqual(['别校第一课']);
  });

  it('shows an employer its own group alone', async () => {
    expect(await rowsOf('listClasses', 'employer')).toEqual(['第一课', '第三课', '第二课'].sort());
    expect(await rowsOf('listClasses', 'other-employer')).toEqual([]);
    const groups = await call(web, 'listGroups', { token: tokens.get('employer') });
    expect(groups.body.rows.map(({ name }) => name)).toEqual(['一班']);
    const below = await call(web, 'belowMinimum', { token: tokens.get('other-employer') });
    expect(below.body).toEqual({ total: 0, rows: [] });
  });

  it('shows a regulator what lies below its authority', async () => {
    expect(await rowsOf('listClasses', 'regulator')).toHaveLength(4);
    expect(await rowsOf('listClasses', 'other-regulator')).toEqual(['别校第一课']);
    const organizations = await call(web, 'listOrganizations', { token: tokens.get('regulator') });
    const shown = organizations.body.rows.map(({ name }) => name);
    expect(shown).toContain('青山学校');
    expect(shown).not.toContain('绿水学校');
    expect(shown).not.toContain('平台');
  });

  it('finds nobody of another institution, by list, by id or by login', async () => {
    const token = tokens.get('other-staff');
    const { rows } = (await call(web, 'listUsers', { token, query: { limit: 200 } })).body;
    expect(rows.map(({ login }) => login)).not.toContain('learner');
    const byOrg = await call(web, 'listUsers', { token, query: { orgId: web.world.school.id } });
    expect(byOrg.body.total).toBe(0);
    const enrolled = await call(web, 'enrol', {
      token,
      params: { id: web.world.otherGroup.id },
      body: { logins: ['learner'] },
    });
    expect(enrolled.body).toEqual({ enrolled: 0, already: 0, unknown: ['learner'] });
  });

  it('shows the audit log of the own institution alone', async () => {
    const { rows } = (
      await call(web, 'listAudit', { token: tokens.get('other-staff'), query: { limit: 200 } })
    ).body;
    const own = web.world.idOf('other-staff');
    expect(rows.every(({ actor }) => actor?.id === own)).toBe(true);
    const whole = await call(web, 'listAudit', { token: tokens.get('admin') });
    expect(whole.body.total).toBeGreaterThan(rows.length);
  });

  it('does not tell a class that is none of one’s business from one that does not exist', async () => {
    const token = tokens.get('stranger');
    const foreign = await call(web, 'getClass', { token, params: { id: web.world.held.id } });
    const nothing = await call(web, 'getClass', { token, params: { id: randomUUID() } });
    expect(foreign.error).toEqual({ code: 'not-found' });
    expect(nothing.error).toEqual(foreign.error);
  });

  it('gives the role in a class by what one is to it', async () => {
    const roles = await Promise.all(
      (['teacher', 'learner', 'staff', 'employer'] as const).map(async (who) => {
        const { body } = await call(web, 'ticket', {
          token: tokens.get(who),
          params: { id: web.world.coming.id },
        });
        return [who, body.role, body.class.yourRole];
      }),
    );
    expect(roles).toEqual([
      ['teacher', 'host', 'host'],
      ['learner', 'attendee', 'attendee'],
      ['staff', 'observer', 'observer'],
      ['employer', 'observer', 'observer'],
    ]);
  });
});

describe('nobody makes an account stronger than his own', () => {
  const person = (role: string, orgId: string) => ({
    login: `new-${role}`,
    name: '新人',
    phone: null,
    orgId,
    roles: [{ role, orgId }],
    password: 'long enough it is',
  });

  it.each(['staff', 'admin', 'regulator', 'employer', 'expert'])('staff cannot make a %s', async (role) => {
    const body = person(role, web.world.school.id) as never;
    expect((await call(web, 'createUser', { token: tokens.get('staff'), body })).error?.code).toBe(
      'forbidden',
    );
  });

  it('nor grant a role in another organisation', async () => {
    const body = {
      ...person('learner', web.world.school.id),
      roles: [{ role: 'learner' as const, orgId: web.world.otherSchool.id }],
    };
    expect((await call(web, 'createUser', { token: tokens.get('staff'), body })).error?.code).toBe(
      'forbidden',
    );
  });

  it('nor change one', async () => {
    const answer = await call(web, 'updateUser', {
      token: tokens.get('staff'),
      params: { id: web.world.idOf('school-admin') },
      body: { version: 1, password: 'taken over by staff' },
    });
    expect(answer.error?.code).toBe('forbidden');
  });
});
