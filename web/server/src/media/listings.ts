import {
  parseSegmentName,
  playable,
  type RecordingSegment,
  type RecordingView,
  segmentName,
  viewPrefix,
} from '@keshi/contract/recordings';
import type { Clock } from '@keshi/runtime/clock';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';

export interface Listing {
  /** What plays, in order of time. */
  main: readonly RecordingSegment[];
  camera: readonly RecordingSegment[];
  /** The recording is complete. */
  ended: boolean;
}

export interface Listings {
  /** What is recorded of the class, at most some hundred ms old while it runs. Rejects as the store does. */
  of(classId: string): Promise<Listing>;
}

interface Deps {
  store: MediaStore;
  /** Whether the recording of a class is complete. */
  isOver(classId: string): Promise<boolean>;
  clock: Clock;
}

interface Known {
  listing: Listing;
  at: number;
  /** When all of it was asked for, and not only the newest. */
  wholeAt: number;
}

/** Thousands may follow one class; the store is asked this often for all of them. */
const freshMs = 400;
/** What is complete does not change; it is only removed, by retention. */
const freshEndedMs = 60_000;
/** Between two whole listings only the newest names are asked for. A segment may be stored this much late. */
const wholeEveryMs = 60_000;
const lateMs = 30_000;
/** Classes that are remembered, those asked for longest ago dropped first. */
const keptClasses = 200;

/** One listing of each class for all who watch it. */
export function createListings({ store, isOver, clock }: Deps): Listings {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Listing>>();

  async function segmentsOf(
    classId: string,
    view: RecordingView,
    former: readonly RecordingSegment[] = [],
  ): Promise<readonly RecordingSegment[]> {
    const newest = former.at(-1);
    const after = newest && segmentName({ ...newest, startMs: newest.startMs - lateMs });
    const found = await store.list(viewPrefix(classId, view), after === undefined ? {} : { after });
    const segments = found.flatMap(({ name }) => parseSegmentName(name) ?? []);
    const [oldestFound] = segments;
    if (!oldestFound) return former;
    // Everything from the oldest of them on is in what was found; names sort by time.
    const from = segmentName(oldestFound);
    return [...former.filter((segment) => segmentName(segment) < from), ...segments];
  }

  async function ask(classId: string): Promise<Listing> {
    const now = clock();
    const former = known.get(classId);
    // Asked first: a listing that begins after the end has everything.
    const ended = await isOver(classId);
    const base = former && !ended && now - former.wholeAt < wholeEveryMs ? former : null;
    const [main, camera] = await Promise.all([
      segmentsOf(classId, 'main', base?.listing.main),
      segmentsOf(classId, 'camera', base?.listing.camera),
    ]);
    const listing = { main: playable(main), camera: playable(camera), ended };
    known.delete(classId);
    known.set(classId, { listing, at: clock(), wholeAt: base?.wholeAt ?? now });
    const [oldest] = known.keys();
    if (known.size > keptClasses && oldest !== undefined) known.delete(oldest);
    return listing;
  }

  return {
    async of(classId) {
      const fresh = known.get(classId);
      if (fresh && clock() - fresh.at < (fresh.listing.ended ? freshEndedMs : freshMs)) return fresh.listing;
      let listing = asking.get(classId);
      if (!listing) {
        listing = ask(classId).finally(() => asking.delete(classId));
        asking.set(classId, listing);
      }
      return listing;
    },
  };
}
