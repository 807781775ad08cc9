/** The peer: as little mediasoup as it takes to carry classes to n transports, over as many workers as asked. */
import { mediaCodecs } from '@keshi/contract/media-codecs';
import { createWorker, type types } from 'mediasoup';
import { openSecureViewer } from './secure-viewer.ts';
import { plainListen, type OpenSide } from './side.ts';
import { parametersOf, streams } from './stream.ts';

export const openBareSide: OpenSide = async ({ pipes }) => {
  const workers: types.Worker[] = [];
  const close = async () => {
    for (const worker of workers) await endWorker(worker);
  };
  try {
    for (let at = 0; at <= pipes; at++) workers.push(await createWorker({ logLevel: 'error' }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'bare',
    workerPids: workers.map(({ pid }) => pid),
    async addClass({ lane, viewers, sinkOf }) {
      const routers: types.Router[] = [];
      for (const worker of workers)
        routers.push(await worker.createRouter({ mediaCodecs: [...mediaCodecs] }));
      const [near, far] = [routers[0], routers.at(-1)];
      if (!near || !far) throw new Error('no worker');
      const input = await near.createPlainTransport({
        listenInfo: plainListen,
        rtcpMux: true,
        comedia: true,
      });
      const producers: string[] = [];
      for (const { kind } of streams) {
        const { id } = await input.produce({ kind, rtpParameters: parametersOf(lane, kind) });
        producers.push(id);
        for (const [at, router] of routers.entries()) {
          const next = routers[at + 1];
          if (next) await router.pipeToRouter({ producerId: id, router: next, listenInfo: plainListen });
        }
      }
      for (let viewer = 0; viewer < viewers; viewer++) {
        const output = await openSecureViewer(far, sinkOf(viewer));
        for (const producerId of producers)
          await output.consume({ producerId, rtpCapabilities: far.rtpCapabilities });
      }
      return { port: input.tuple.localPort };
    },
    close,
  };
};

async function endWorker(worker: types.Worker): Promise<void> {
  if (worker.subprocessClosed) return;
  const ended = new Promise<void>((resolve) => {
    worker.once('subprocessclose', resolve);
  });
  worker.close();
  await ended;
}
