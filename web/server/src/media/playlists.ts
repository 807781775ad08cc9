import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RecordingView } from '@keshi/contract/recordings';
import { cameraView } from './camera-view.ts';
import type { Listing, Listings } from './listings.ts';
import { buildPlaylist } from './playlist.ts';

interface Playlist {
  plain: Buffer;
  /** A long class's playlist is some hundred kB of the same words. */
  gzipped: Buffer;
  ended: boolean;
}

interface Wanted {
  view: RecordingView;
  /** Only the newest stretch. */
  live: boolean;
}

export interface Playlists {
  /** Null while nothing is recorded. Rejects as the store does. */
  of(classId: string, wanted: Wanted): Promise<Playlist | null>;
}

const compress = promisify(gzip);

/** Each playlist is made once for each listing, for all who ask for it. */
export function createPlaylists(listings: Listings): Playlists {
  const made = new WeakMap<Listing, Map<string, Promise<Playlist | null>>>();

  async function make({ main, camera, ended }: Listing, { view, live }: Wanted): Promise<Playlist | null> {
    const segments = view === 'main' ? main : cameraView(main, camera, { ended });
    if (segments.length === 0) return null;
    const plain = Buffer.from(buildPlaylist(segments, { ended, live }));
    return { plain, gzipped: await compress(plain), ended };
  }

  return {
    async of(classId, wanted) {
      const listing = await listings.of(classId);
      const ofListing = made.get(listing) ?? new Map<string, Promise<Playlist | null>>();
      made.set(listing, ofListing);
      const key = `${wanted.view} ${wanted.live}`;
      const playlist = ofListing.get(key) ?? make(listing, wanted);
      ofListing.set(key, playlist);
      return playlist;
    },
  };
}
