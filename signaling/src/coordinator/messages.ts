/**
 * What nodes of signaling say to each other about a class. Requests go to the class's coordinator, wherever it is;
 * broadcasts come from it to every node that has somebody in the class.
 */
import { identityAsk, identityStanding, judgedCheck, ownEyeNotice } from '@keshi/contract/class-checks';
import { classRole, id, instant, mediaSource } from '@keshi/contract/domain';
import {
  classEvent,
  clientEvents,
  person,
  rosterRow,
  serverEvents,
  snapshot,
  type ClientEventName,
} from '@keshi/contract/signaling';
import { z } from 'zod';
import { attendancePolicy } from '@keshi/contract/policy';
import { commandNames, type CommandName, type PageCommand } from './commands.ts';

export const coordinatorAddress = (classId: string) => `coordinator:${classId}`;
export const classChannel = (classId: string) => `class:${classId}`;

const presentMedia = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('node'), nodeId: z.string(), squeezed: z.boolean() }),
  z.object({ kind: z.literal('hls') }),
]);
const presence = z.object({ person, connectionId: z.string(), nodeId: z.string(), media: presentMedia });

/** What a person's media is to be placed by. */
const placing = z.object({
  /** Where the person is; null: nowhere in particular. */
  region: z.string().nullable(),
  /** SFU nodes that cannot be reached from there. */
  without: z.array(z.string()),
  /** SFU nodes that have just said they are full, whatever they are known to have left. */
  full: z.array(z.string()),
  /** Where the page says that its media lives on, for a coordinator that does not know; null: nowhere. */
  claims: z.string().nullable(),
});
export type Placing = z.infer<typeof placing>;

/** Where a person's media goes. */
export const mediaPlace = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('node'),
    nodeId: z.string(),
    audioOnly: z.boolean(),
    /** The other SFU nodes that carry the class. */
    others: z.array(z.string()),
  }),
  z.object({ kind: z.literal('hls') }),
  z.object({ kind: z.literal('full'), retryMs: z.int() }),
  z.object({ kind: z.literal('none') }),
]);
export type MediaPlace = z.infer<typeof mediaPlace>;

/** Live time as presence and the chip need it. */
const liveSpan = z.object({ from: instant, to: instant.nullable() });
export const liveTime = z.object({ spans: z.array(liveSpan), endedAt: instant.nullable() });
export type LiveTime = z.infer<typeof liveTime>;

/** What one learner's page is told of being recognised. */
export const learnerIdentity = z.object({
  userId: id,
  ask: identityAsk.nullable(),
  standing: identityStanding,
  /** Of a learner of whom one failed: what is taken back follows from them [PR5]. Else empty. */
  checks: z.array(judgedCheck),
});
export type LearnerIdentity = z.infer<typeof learnerIdentity>;

export const classRequest = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    actor: person,
    name: z.enum(commandNames),
    /** Parsed again by the event's own schema. */
    request: z.unknown(),
  }),
  z.object({
    kind: z.literal('enter'),
    presence,
    lastSeq: z.int().nullable(),
    /** Null for an observer who does not watch. */
    placing: placing.nullable(),
  }),
  z.object({ kind: z.literal('leave'), userId: id, connectionId: z.string(), orderly: z.boolean() }),
  /** A node tells a new coordinator who is connected to it. */
  z.object({ kind: z.literal('present'), members: z.array(presence) }),
  /** Events a node did not hear. */
  z.object({ kind: z.literal('since'), seq: z.int() }),
  z.object({ kind: z.literal('may-publish'), userId: id }),
  /** Where a person's media is to go now. */
  z.object({ kind: z.literal('place-media'), userId: id, placing }),
  z.object({
    kind: z.literal('roster'),
    masked: z.boolean(),
    query: z.string(),
    offset: z.int(),
    limit: z.int(),
  }),
  /** A learner, or what looks after the learner, wants to be asked now. */
  z.object({
    kind: z.literal('identity'),
    userId: id,
    notice: z.union([ownEyeNotice, z.literal('retry')]),
  }),
  /** The board now; with `watch` its changes follow to the class's board rooms. */
  z.object({
    kind: z.literal('board'),
    watch: z.boolean(),
    role: classRole,
    connectionId: z.string(),
    nodeId: z.string(),
  }),
]);
export type ClassRequest = z.infer<typeof classRequest>;

export const roomEvent = z.object({
  seq: z.int(),
  audience: z.string(),
  actorId: id.nullable(),
  event: classEvent,
  perRole: z.object({ host: classEvent.optional(), observer: classEvent.optional() }),
});

export const enterReply = z.object({
  snapshot,
  missed: z.array(classEvent).nullable(),
  live: liveTime,
  watched: z.boolean(),
  policy: attendancePolicy,
  /** Null when it was not asked for. */
  place: mediaPlace.nullable(),
  /** Null where nobody is asked who they are. */
  identity: learnerIdentity.nullable(),
});
export type EnterReply = z.infer<typeof enterReply>;

/** Whether somebody may publish, and what of it the host holds muted. */
export const publishReply = z.object({ allowed: z.boolean(), held: z.array(mediaSource) });

/** Whether there is anything to ask of somebody who wants to be asked. */
export const identityReply = z.object({ asked: z.boolean() });
export const sinceReply = z.object({ events: z.array(roomEvent) });
export const rosterReply = z.object({ total: z.int(), rows: z.array(rosterRow) });

const newsOf = <K extends 'counts' | 'tally' | 'speaking' | 'recording'>(name: K) =>
  z.object({ name: z.literal(name), payload: serverEvents[name] });
const news = z.discriminatedUnion('name', [
  newsOf('counts'),
  newsOf('tally'),
  newsOf('speaking'),
  newsOf('recording'),
]);
export type News = z.infer<typeof news>;

export const broadcast = z.discriminatedUnion('kind', [
  /** Events in order. `after` is the number before the first: whoever knows less has missed something. */
  z.object({
    kind: z.literal('frame'),
    after: z.int(),
    events: z.array(roomEvent),
    /** With changes of live time. */
    live: liveTime.nullable(),
  }),
  /** News without a number, for those of some roles: only the latest matters. */
  z.object({ kind: z.literal('news'), roles: z.array(classRole), news }),
  /** Another connection of the same person took over, or the person may not stay. */
  z.object({
    kind: z.literal('close'),
    userId: id,
    /** Null: whichever connection it is. */
    connectionId: z.string().nullable(),
    reason: z.enum(['replaced-in-class', 'banned']),
  }),
  /** The class is over for long enough: everybody out. */
  z.object({ kind: z.literal('dismiss') }),
  /** Somebody watches the board: presence facts are wanted each second. */
  z.object({ kind: z.literal('watch'), watched: z.boolean() }),
  /** A new coordinator asks who is here. */
  z.object({ kind: z.literal('coordinator'), nodeId: z.string() }),
  /** These people may join their media again: there is room for more than they have. */
  z.object({ kind: z.literal('more-media'), userIds: z.array(id) }),
  /** What these learners are to be told of being recognised, each alone. */
  z.object({ kind: z.literal('identity'), learners: z.array(learnerIdentity) }),
]);
export type Broadcast = z.infer<typeof broadcast>;

/** A command that crossed the bus, checked as if it came from a page. Throws ZodError. */
export function parseCommand(name: CommandName, request: unknown): PageCommand {
  const schema: Record<string, { request: z.ZodType }> = clientEvents;
  return { name, request: schema[name]?.request.parse(request) } as PageCommand;
}

export type CommandReply<K extends ClientEventName> = z.infer<(typeof clientEvents)[K]['reply']>;
