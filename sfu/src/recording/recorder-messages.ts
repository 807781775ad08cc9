/** What an SFU node and the recorder process of a class tell each other over their channel. */
import { z } from 'zod';
import { id, instant } from '@keshi/contract/domain';
import { mediaKind, rtpParameters } from '@keshi/contract/media';

const streamId = z.string().min(1).max(128);

const mediaStore = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), dir: z.string() }),
  z.object({
    kind: z.literal('s3'),
    endpoint: z.string(),
    bucket: z.string(),
    region: z.string(),
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    prefix: z.string(),
  }),
]);

/** To the recorder. */
export const recorderCommand = z.discriminatedUnion('type', [
  /** First; answered with `up` or `failed`. */
  z.object({ type: z.literal('configure'), classId: id, store: mediaStore }),
  /** Open a socket for that stream; answered with `bound`. */
  z.object({ type: z.literal('open'), id: streamId, kind: mediaKind }),
  /** What comes on that socket. */
  z.object({ type: z.literal('ready'), id: streamId, rtp: rtpParameters }),
  z.object({ type: z.literal('gone'), id: streamId }),
  /** Streams that are not open yet may be named. */
  z.object({ type: z.literal('scene'), main: streamId.nullable(), camera: streamId.nullable() }),
  /** Record from now on; answered with `began`. */
  z.object({ type: z.literal('roll') }),
  /** Stop recording, with what happened until then; answered with `cut` when the last segment is stored, or waits for the store. */
  z.object({ type: z.literal('cut'), atMs: instant }),
  /** Answered with `stopped`; then the process ends. */
  z.object({ type: z.literal('stop'), atMs: instant }),
]);
export type RecorderCommand = z.infer<typeof recorderCommand>;

export const recorderTrouble = z.enum([
  'ffmpeg-missing',
  'storage-full',
  'storage-unavailable',
  'encoder-failing',
]);

/** From the recorder. */
export const recorderReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('up') }),
  z.object({ type: z.literal('failed'), reason: recorderTrouble, message: z.string() }),
  z.object({ type: z.literal('bound'), id: streamId, port: z.int().min(1).max(65_535) }),
  z.object({ type: z.literal('key-frame'), id: streamId }),
  z.object({ type: z.literal('began'), atMs: z.number() }),
  z.object({ type: z.literal('cut') }),
  /** Null: healed. */
  z.object({ type: z.literal('trouble'), reason: recorderTrouble.nullable() }),
  /** Objects that could not be stored in time. */
  z.object({ type: z.literal('stopped'), unsaved: z.int().min(0) }),
  /** One line of its log, as JSON. */
  z.object({ type: z.literal('log'), line: z.string() }),
]);
export type RecorderReport = z.infer<typeof recorderReport>;
export type RecorderTrouble = z.infer<typeof recorderTrouble>;
