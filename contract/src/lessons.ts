/** Lessons that are studied in one's own time, and how what they play lies in the media store. */
import { z } from 'zod';
import { durationMs, id, locale } from './domain.ts';

export const lessonKind = z.enum([
  'video',
  'audio',
  'replay',
  'text',
  'pdf',
  'slides',
  'courseware',
  'scorm',
]);
export type LessonKind = z.infer<typeof lessonKind>;

export const lessonState = z.enum(['draft', 'published', 'withdrawn']);
export type LessonState = z.infer<typeof lessonState>;

/** [WL9] How a lesson without a time line is complete. */
export const lessonCompletion = z.enum(['read', 'self-test', 'package']);
export type LessonCompletion = z.infer<typeof lessonCompletion>;

const timed: ReadonlySet<LessonKind> = new Set<LessonKind>(['video', 'audio', 'replay']);
/** Whether it is earned by the second [WL1], or by its declared time [WL9]. */
export function hasTimeLine(kind: LessonKind): boolean {
  return timed.has(kind);
}

const uploaded: ReadonlySet<LessonKind> = new Set<LessonKind>([
  'video',
  'audio',
  'pdf',
  'slides',
  'courseware',
  'scorm',
]);
/** Whether what it shows comes from a file that somebody uploads. */
export function isUploaded(kind: LessonKind): boolean {
  return uploaded.has(kind);
}

/** Bytes of the largest file a lesson of that kind is made of. */
export function largestUpload(kind: LessonKind): number {
  switch (kind) {
    case 'video':
      return 4 * 1024 ** 3;
    case 'audio':
      return 512 * 1024 ** 2;
    case 'courseware':
    case 'scorm':
      return 512 * 1024 ** 2;
    case 'pdf':
    case 'slides':
      return 128 * 1024 ** 2;
    case 'text':
    case 'replay':
      return 0;
  }
}

/**
 * Where all that was made of one upload is; with the slash at its end. It is a lesson's `mediaKey`:
 *
 *     lessons/<lessonId>/<revisionId>/index.m3u8             the playlist of playlists
 *     lessons/<lessonId>/<revisionId>/v<n>/index.m3u8        one rendition: init_<n>.mp4 and segments 00000.m4s …
 *     lessons/<lessonId>/<revisionId>/poster.jpg
 *     lessons/<lessonId>/<revisionId>/thumbs.vtt             places of the seek pictures on thumb-0000.jpg …
 *     lessons/<lessonId>/<revisionId>/page-0001.jpg          pages of a document
 *     lessons/<lessonId>/<revisionId>/package/<nnnnn>        files of a package of courseware, by their number
 */
export function lessonPrefix(lessonId: string, revisionId: string): string {
  return `${lessonFolder(lessonId)}${id.parse(revisionId)}/`;
}

/** Everything of one lesson, captions and pictures included; with the slash at its end. */
export function lessonFolder(lessonId: string): string {
  return `lessons/${id.parse(lessonId)}/`;
}

export const playlistName = 'index.m3u8';
export const posterName = 'poster.jpg';
export const thumbsName = 'thumbs.vtt';
export const thumbSheetName = (index: number): string => `thumb-${String(index).padStart(4, '0')}.jpg`;
export const pageName = (page: number): string => `page-${String(page).padStart(4, '0')}.jpg`;

/** Pictures of a text, in `lessons/<lessonId>/pictures/`. A text shows one as `![what it shows](picture:<name>)`. */
export const pictureName = (pictureId: string): string => `${id.parse(pictureId)}.jpg`;
const shownPicture = /!\[[^\]]*\]\(picture:([0-9a-f-]{36}\.jpg)\)/g;

/** Names of the pictures that a text shows, each once. */
export function pictureNamesIn(body: string): string[] {
  return [...new Set([...body.matchAll(shownPicture)].flatMap(([, name]) => name ?? []))];
}

const rendition = z.object({ width: z.int().nonnegative(), height: z.int().nonnegative() });

const packageFile = z.object({
  /** In the package. */
  path: z.string().max(512),
  /** Beside the others, in `package/`. */
  name: z.string().max(32),
  type: z.string().max(128),
});

/** [WL9] One of the things that a package launches; SCORM 1.2 calls them shareable content objects, and assets. */
export const packagePart = z.object({
  /** As the manifest names it; empty for the only one, whose state so stays when a new revision comes. */
  id: z.string().max(200),
  title: z.string().max(200),
  /** Path in the package, with what follows `?` or `#`. */
  start: z.string().max(1_024),
  /** It tells when it is complete. Others are there to be looked at. */
  reports: z.boolean(),
  /** Who scores less has failed, whatever the part itself says; null: it judges alone. */
  mastery: z.number().nullable(),
  /** Its `cmi.launch_data`. */
  launchData: z.string().max(4_096),
});
export type PackagePart = z.infer<typeof packagePart>;

/** What was made of an upload. */
export const madeMedia = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('stream'),
    /** Of the pictures, largest first; empty for sound alone. */
    renditions: z.array(rendition).max(4),
    poster: z.boolean(),
    thumbs: z.boolean(),
  }),
  z.object({ kind: z.literal('pages'), pages: z.int().positive().max(2_000) }),
  z.object({
    kind: z.literal('package'),
    /** In the order they are offered in. */
    parts: z.array(packagePart).min(1).max(500),
    standard: z.enum(['scorm-1.2', 'html5']),
    files: z.array(packageFile).max(5_000),
  }),
]);
export type MadeMedia = z.infer<typeof madeMedia>;

/** Places on a lesson's time line that have a name, in their order. */
export const chapterMarks = z
  .array(z.object({ atMs: durationMs, title: z.string().trim().min(1).max(120) }))
  .max(100)
  .refine(
    (marks) => marks.every(({ atMs }, at) => at === 0 || atMs > (marks[at - 1]?.atMs ?? 0)),
    'not in order',
  );
export type ChapterMarks = z.infer<typeof chapterMarks>;

export const revisionState = z.enum(['waiting', 'working', 'ready', 'failed']);
export type RevisionState = z.infer<typeof revisionState>;

export const makingStep = z.enum(['fetch', 'inspect', 'measure', 'encode', 'pictures', 'unpack', 'store']);
export type MakingStep = z.infer<typeof makingStep>;

/** Why nothing could be made of an upload. */
export const makingFailure = z.enum([
  'wrong-type',
  'damaged',
  'empty',
  'too-long',
  'too-large',
  'no-start',
  'unsafe-package',
  'program-in-package',
  'tool-missing',
  'interrupted',
  'internal',
  /** Not given up: it waits until there is room again. */
  'storage-full',
]);
export type MakingFailure = z.infer<typeof makingFailure>;

/** [C11] What is wrong with sound or picture, and where on the time line; `toMs` is exclusive. */
export const qualityFinding = z.object({
  kind: z.enum([
    'out-of-sync',
    'too-quiet',
    'too-loud',
    'clipping',
    'silence',
    'hum',
    'black',
    'frozen',
    'low-resolution',
    'no-sound',
  ]),
  fromMs: durationMs,
  toMs: durationMs,
});
export type QualityFinding = z.infer<typeof qualityFinding>;

/** [C11] Measured on the file as it was uploaded; levels in dB, null where there is no sound or it is digital silence. */
export const qualityReport = z.object({
  durationMs,
  width: z.int().nonnegative(),
  height: z.int().nonnegative(),
  framesPerSecond: z.number().nonnegative(),
  /** Sound after picture, ms; null without both. */
  syncMs: z.number().nullable(),
  /** LUFS, and the range in LU. */
  loudness: z.number().nullable(),
  loudnessRange: z.number().nullable(),
  truePeak: z.number().nullable(),
  /** The quietest tenth of the seconds that are not silent: what is heard when nobody speaks. */
  noiseFloor: z.number().nullable(),
  findings: z.array(qualityFinding).max(500),
});
export type QualityReport = z.infer<typeof qualityReport>;

export const captionLanguage = locale;
