/**
 * How much each worker sends to viewers. Asking every viewer's transport would cost the worker more than it tells:
 * each stream is asked once for its rate, per layer, and counted for everybody it flows to.
 */
import type { types } from 'mediasoup';
import type { Logger } from '@keshi/runtime/log';
import type { ClassRoom } from './class-room.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface BandwidthMeter {
  close(): void;
}

const everyMs = 3_000;

/** Keeps `mbps` of the pool's workers up to date until it is closed. */
export function meterBandwidth({
  pool,
  rooms,
  log,
}: {
  pool: WorkerPool;
  rooms: () => Iterable<ClassRoom>;
  log: Logger;
}): BandwidthMeter {
  let measuring = false;

  async function measure(): Promise<void> {
    const bits = new Map(pool.workers().map((media) => [media, 0]));
    for (const room of rooms()) {
      const rates = new Map<string, Rates>();
      for (const viewer of room.viewers())
        for (const { streamId, layer } of viewer.flows()) {
          const rate = rates.get(streamId) ?? (await ratesOf(room, streamId));
          rates.set(streamId, rate);
          const { media } = viewer.place;
          const known = bits.get(media);
          if (known !== undefined)
            bits.set(media, known + (layer === null ? rate.all : (rate.layers[layer] ?? 0)));
        }
    }
    for (const [media, sum] of bits) media.mbps = sum / 1e6;
  }

  const timer = setInterval(() => {
    if (measuring) return;
    measuring = true;
    measure()
      .catch((error: unknown) => log.debug({ err: error }, 'bandwidth could not be measured'))
      .finally(() => (measuring = false));
  }, everyMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

interface Rates {
  all: number;
  /** By spatial layer, lowest first. */
  layers: number[];
}

async function ratesOf(room: ClassRoom, streamId: string): Promise<Rates> {
  const producer = room.arrived(streamId);
  const stats = await producer?.getStats().catch(() => []);
  if (!producer || !stats) return { all: 0, layers: [] };
  return { all: stats.reduce((sum, { bitrate }) => sum + bitrate, 0), layers: layersOf(producer, stats) };
}

function layersOf(producer: types.Producer, stats: readonly types.ProducerStat[]): number[] {
  const encodings = producer.rtpParameters.encodings ?? [];
  return encodings.map(({ rid, ssrc }) => {
    const mine = stats.find((stat) => (rid === undefined ? stat.ssrc === ssrc : stat.rid === rid));
    return mine?.bitrate ?? 0;
  });
}
