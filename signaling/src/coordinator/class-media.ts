/**
 * A class's media as its coordinator sees it: who is on which SFU node, and whether what is there is what is decided.
 * Nodes carry streams between them by themselves; they are only told which of them carry the class.
 */
import type { ClassRole, MediaSource } from '@keshi/contract/domain';
import type { Logger } from '@keshi/runtime/log';
import type { MediaNode } from '../media/nodes.ts';
import { defaultClusterPolicy, mayHavePicture, placeViewer } from '../media/placement.ts';
import { isOver, mayPublish, type Classroom, type PresentMedia } from './classroom.ts';
import type { OwnCommand } from './commands.ts';
import type { MediaPlace, Placing } from './messages.ts';
import type { MediaEffect } from './turn.ts';

export interface PublishedSource {
  peerId: string;
  source: MediaSource;
  paused: boolean;
}

/** What a node has of a class. */
export interface CarriedStage {
  producers: PublishedSource[];
  /** The class is recorded there. */
  records: boolean;
}

export interface MediaDeps {
  /** Those that can be reached from here. */
  mediaNodes: () => MediaNode[];
  /** Counts a placement until the node's own figures show it. */
  placed: (nodeId: string, streams: number) => void;
  perform: (classId: string, nodeId: string, effect: MediaEffect) => void;
  /** Media of someone who has gone from there for good. */
  leaveMedia: (classId: string, nodeId: string, userId: string) => void;
  /** Tells a node which others carry the class. */
  spread: (classId: string, nodeId: string, others: readonly string[]) => void;
  /** What is published on a node; null when it cannot be asked. */
  stageOf: (classId: string, nodeId: string) => Promise<CarriedStage | null>;
  /** How many people of one class may watch it as a stream of files. */
  hlsViewers: number;
}

export interface ClassMedia {
  nodeOf(userId: string): string | null;
  /** Nodes that carry the class. */
  nodes(): string[];
  /** Decides where the person's media goes, and remembers it. */
  place(userId: string, role: ClassRole, placing: Placing): MediaPlace;
  /** What a node of signaling says of somebody connected to it, to a coordinator that has just begun. */
  remember(userId: string, media: PresentMedia): void;
  leave(userId: string): void;
  perform(effect: MediaEffect): void;
  /** Whether news of that publisher comes from where the publisher is. */
  believes(userId: string, nodeId: string): boolean;
  /** A node is lost, and with it what was on it. */
  nodeLost(nodeId: string): void;
  /** Compares with what the SFU carries. What was decided and not carried out, because somebody died, is done now. */
  resync(): void;
  /** People with less than they asked for who may be given more now; a few at a time. */
  toRaise(): string[];
  /** Another coordinator decides from here on. */
  close(): void;
}

const isSqueezed = (media: PresentMedia | null | undefined) => media?.kind === 'node' && media.squeezed;

/** How many are given more at a time, so that a crowd does not come back at once. */
const raisedAtOnce = 20;
/** How long a page may take to join its new node before the former one is told that it has gone. */
const takeOverMs = 3_000;

export function createClassMedia({
  room,
  own,
  changed,
  log,
  deps,
}: {
  room: () => Classroom;
  own: (command: OwnCommand) => void;
  /** Somebody's node, or the number of those who watch files, changed. */
  changed: () => void;
  log: Logger;
  deps: MediaDeps;
}): ClassMedia {
  const { id } = room();
  const whereabouts = new Map<string, PresentMedia>();
  /** Nodes that carry the class, whether somebody is still there or not. */
  const carrying = new Set<string>();
  let closed = false;

  const nodeOf = (userId: string) => {
    const media = whereabouts.get(userId);
    return media?.kind === 'node' ? media.nodeId : null;
  };
  const othersThan = (nodeId: string) => [...carrying].filter((other) => other !== nodeId);

  function carry(nodeId: string): void {
    if (carrying.has(nodeId)) return;
    carrying.add(nodeId);
    for (const other of othersThan(nodeId)) deps.spread(id, other, [nodeId]);
  }

  /** What the person had where they were before is gone from there. */
  function forgetSources(userId: string): void {
    for (const source of room().sources.get(userId)?.keys() ?? [])
      own({ name: 'stage.published', userId, source, state: null });
  }

  function settle(userId: string, media: PresentMedia): void {
    const former = nodeOf(userId);
    put(userId, media);
    const now = nodeOf(userId);
    if (now !== null) carry(now);
    if (former !== null && former !== now) leaveLater(userId, former);
    changed();
  }

  /**
   * What flows on the former node goes on until the new one has taken over, and the page's node of signaling ends it
   * then. Should that not happen, because the page was opened anew, it is ended here.
   */
  function leaveLater(userId: string, former: string): void {
    setTimeout(() => {
      if (closed || nodeOf(userId) === former || isOver(room())) return;
      deps.leaveMedia(id, former, userId);
      resync();
    }, takeOverMs).unref();
  }

  function resync(): void {
    compare().catch((error: unknown) =>
      log.warn({ err: error }, 'the stage could not be compared with the SFU'),
    );
  }

  /** Counted with every change: a class of thousands is not gone through for each. */
  function put(userId: string, media: PresentMedia | null): void {
    const { overflow } = room();
    const count = (of: PresentMedia | undefined | null, by: number) => {
      if (of?.kind === 'hls') overflow.files += by;
      else if (isSqueezed(of)) overflow.squeezed += by;
    };
    count(whereabouts.get(userId), -1);
    count(media, 1);
    if (media) whereabouts.set(userId, media);
    else whereabouts.delete(userId);
  }

  /** Pictures and sounds on stage now; before there are any, one of each is expected. */
  function streamsNow(): { streams: number; sounds: number } {
    let streams = 0;
    let sounds = 0;
    for (const sources of room().sources.values())
      for (const source of sources.keys()) {
        streams += 1;
        if (source === 'mic' || source === 'screen-audio') sounds += 1;
      }
    return { streams: Math.max(2, streams), sounds: Math.max(1, sounds) };
  }

  async function compare(): Promise<void> {
    const found: (PublishedSource & { nodeId: string })[] = [];
    for (const { id: nodeId } of deps.mediaNodes()) {
      const carried = await deps.stageOf(id, nodeId);
      // Not asked is not absent: what is known of people there stays.
      if (!carried) continue;
      for (const source of carried.producers) found.push({ ...source, nodeId });
    }
    const { sources } = room();
    if (isOver(room())) return;
    for (const { peerId, nodeId } of found) {
      carry(nodeId);
      if (!whereabouts.has(peerId)) put(peerId, { kind: 'node', nodeId, squeezed: false });
    }
    const carried = found.filter(({ peerId, nodeId }) => believes(peerId, nodeId));
    for (const [userId, known] of sources)
      for (const source of known.keys())
        if (!carried.some((one) => one.peerId === userId && one.source === source))
          own({ name: 'stage.published', userId, source, state: null });
    for (const { peerId: userId, source, paused } of carried)
      own({ name: 'stage.published', userId, source, state: { paused } });
  }

  function believes(userId: string, nodeId: string): boolean {
    const known = nodeOf(userId);
    return known === null || known === nodeId;
  }

  return {
    nodeOf,
    nodes: () => [...carrying],
    place(userId, role, { region, without, full, claims }) {
      const nodes = deps
        .mediaNodes()
        .map((node) => (full.includes(node.id) ? { ...node, used: node.budget } : node));
      const current = nodeOf(userId);
      const { streams, sounds } = streamsNow();
      const placed = placeViewer(
        nodes,
        {
          classId: id,
          nodes: carrying,
          hlsRoom: nodes.some(({ records }) => records) ? deps.hlsViewers - room().overflow.files : 0,
        },
        {
          streams,
          sounds,
          region,
          current: current ?? claims,
          squeezed: isSqueezed(whereabouts.get(userId)),
          stage: role === 'host' || mayPublish(room(), userId),
          without: new Set(without),
        },
        defaultClusterPolicy,
      );
      switch (placed.kind) {
        case 'node': {
          const { nodeId, audioOnly } = placed;
          if (current !== nodeId) deps.placed(nodeId, audioOnly ? sounds : streams);
          settle(userId, { kind: 'node', nodeId, squeezed: audioOnly });
          return { kind: 'node', nodeId, audioOnly, others: othersThan(nodeId) };
        }
        case 'hls':
          settle(userId, { kind: 'hls' });
          return placed;
        case 'full':
        case 'none':
          settle(userId, { kind: 'none' });
          return placed;
      }
    },
    remember(userId, media) {
      if (media.kind === 'none' || whereabouts.has(userId)) return;
      settle(userId, media);
    },
    leave(userId) {
      const nodeId = nodeOf(userId);
      if (!whereabouts.has(userId)) return;
      put(userId, null);
      if (nodeId !== null) deps.leaveMedia(id, nodeId, userId);
      changed();
    },
    perform(effect) {
      switch (effect.kind) {
        case 'close-class':
          // All of them: one that carries it from before this coordinator began may not be known.
          for (const { id: nodeId } of deps.mediaNodes()) deps.perform(id, nodeId, effect);
          carrying.clear();
          for (const userId of [...whereabouts.keys()]) put(userId, null);
          return;
        case 'unpublish':
        case 'hold': {
          const nodeId = nodeOf(effect.userId);
          if (nodeId !== null) deps.perform(id, nodeId, effect);
          return;
        }
      }
    },
    believes,
    nodeLost(nodeId) {
      if (!carrying.delete(nodeId)) return;
      for (const [userId, media] of whereabouts) {
        if (media.kind !== 'node' || media.nodeId !== nodeId) continue;
        put(userId, null);
        forgetSources(userId);
      }
      changed();
    },
    resync() {
      if (isOver(room())) {
        for (const { id: nodeId } of deps.mediaNodes()) deps.perform(id, nodeId, { kind: 'close-class' });
        return;
      }
      resync();
    },
    close() {
      closed = true;
    },
    toRaise() {
      const { streams } = streamsNow();
      if (!mayHavePicture(deps.mediaNodes(), streams)) return [];
      const waiting: string[] = [];
      for (const [userId, media] of whereabouts) {
        if (waiting.length === raisedAtOnce) break;
        if (media.kind === 'hls' || isSqueezed(media)) waiting.push(userId);
      }
      return waiting;
    },
  };
}
