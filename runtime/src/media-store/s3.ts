import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Logger } from '../log.ts';
import { MediaStoreError } from './failure.ts';
import type { ByteRange, MediaStore, StoredMedia, StoredName } from './media-store.ts';
import { checkName, checkOwnPrefix, checkPrefix, contentTypeOf } from './names.ts';
import { type S3Address, type S3Answer, createS3Client, isFull } from './s3-client.ts';

interface Deps extends S3Address {
  /** Before every name, without slashes at its ends; empty for none. */
  prefix: string;
  log: Logger;
}

type Refusal = Extract<S3Answer, { ok: false }>;

/** How many objects are removed at the same time. */
const removals = 8;

/**
 * A MediaStore in a bucket that exists already, of any service that speaks S3 (path style, SigV4, ListObjectsV2).
 * A whole put is atomic and durable there by S3's own promise, and a listing is complete (strong consistency, as AWS
 * since 2020, MinIO and Ceph give it).
 */
export function createS3Store({ prefix, log, ...address }: Deps): MediaStore {
  const client = createS3Client(address, log);
  const top = prefix === '' ? '' : `${prefix}/`;

  /** Null when there is none. Rejects `unavailable` also when the bucket itself is not there. */
  async function head(name: string): Promise<number | null> {
    const answer = await client.ask({ method: 'HEAD', key: top + name });
    if (answer.ok) return lengthOf(answer.response.headers);
    if (answer.status === 404) return null;
    return refused(answer);
  }

  async function get(name: string, range?: ByteRange): Promise<StoredMedia | null> {
    const contentType = contentTypeOf(name);
    const part = range && (range.from > 0 || range.to !== undefined) ? range : undefined;
    if (part?.to === undefined || part.to > part.from) {
      const headers = part && { range: `bytes=${part.from}-${part.to === undefined ? '' : part.to - 1}` };
      const answer = await client.ask({ method: 'GET', key: top + name, ...(headers ? { headers } : {}) });
      if (answer.ok) {
        const { response } = answer;
        const whole = response.headers.get('content-range')?.split('/')[1];
        const size = whole === undefined ? lengthOf(response.headers) : Number(whole);
        return { body: bodyOf(response), size, contentType };
      }
      if (answer.status === 404 && answer.code === 'NoSuchKey') return null;
      if (answer.status !== 416) return refused(answer);
    }
    const size = await head(name);
    return size === null ? null : { body: Readable.from([]), size, contentType };
  }

  async function list(under: string, after?: string): Promise<StoredName[]> {
    const found: StoredName[] = [];
    let token: string | undefined;
    do {
      const answer = await client.ask({
        method: 'GET',
        key: '',
        query: {
          'list-type': '2',
          prefix: top + under,
          ...(token === undefined ? {} : { 'continuation-token': token }),
          ...(after === undefined || token !== undefined ? {} : { 'start-after': top + after }),
        },
      });
      if (!answer.ok) return refused(answer);
      const page = readPage(
        await answer.response.text().catch((error: unknown) => {
          throw new MediaStoreError('unavailable', 'S3 broke off a listing', error);
        }),
      );
      for (const { name, size } of page.entries)
        if (name.startsWith(top)) found.push({ name: name.slice(top.length), size });
      token = page.next;
    } while (token !== undefined);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async function remove(name: string): Promise<void> {
    const answer = await client.ask({ method: 'DELETE', key: top + name });
    if (answer.ok) await answer.response.body?.cancel();
    else if (answer.code !== 'NoSuchKey') refused(answer);
  }

  return {
    async put(name, body, { contentType }) {
      checkName(name);
      const answer = await client.ask({
        method: 'PUT',
        key: top + name,
        headers: { 'content-type': contentType },
        body,
      });
      if (answer.ok) await answer.response.body?.cancel();
      else refused(answer);
    },
    async get(name, range) {
      checkName(name);
      return get(name, range);
    },
    async list(under, options) {
      checkPrefix(under);
      return list(under, options?.after);
    },
    async remove(name) {
      checkName(name);
      await remove(name);
    },
    async removeAll(under) {
      checkOwnPrefix(under);
      const names = await list(under);
      for (let at = 0; at < names.length; at += removals)
        await Promise.all(names.slice(at, at + removals).map(({ name }) => remove(name)));
    },
    async health() {
      try {
        const answer = await client.ask({
          method: 'GET',
          key: '',
          query: { 'list-type': '2', 'max-keys': '1', prefix: top },
          attempts: 1,
        });
        if (!answer.ok)
          return { status: 'down', reason: `S3 answers ${answer.status} ${answer.code}`.trim() };
        await answer.response.body?.cancel();
        return { status: 'ok' };
      } catch {
        return { status: 'down', reason: 'S3 does not answer' };
      }
    },
    async close() {
      client.close();
    },
  };
}

function refused({ status, code }: Refusal): never {
  throw new MediaStoreError(
    isFull(status, code) ? 'full' : 'unavailable',
    `S3 answers ${status} ${code}`.trim(),
  );
}

function lengthOf(headers: Headers): number {
  return Number(headers.get('content-length') ?? 0);
}

function bodyOf(response: Response): Readable {
  // fetch's stream and Node's are the same thing under two declarations.
  return response.body ? Readable.fromWeb(response.body as ReadableStream<Uint8Array>) : Readable.from([]);
}

/** One page of ListObjectsV2. Our names hold no character that XML would escape; others in the bucket are not ours. */
function readPage(xml: string): { entries: StoredName[]; next: string | undefined } {
  const entries: StoredName[] = [];
  for (const [, item = ''] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    const name = /<Key>([a-zA-Z0-9._\-/]+)<\/Key>/.exec(item)?.[1];
    const size = /<Size>(\d+)<\/Size>/.exec(item)?.[1];
    if (name !== undefined && size !== undefined) entries.push({ name, size: Number(size) });
  }
  const next = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(xml)?.[1];
  return { entries, next: next === undefined ? undefined : unescapeXml(next) };
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? whole;
  });
}
