/** The peer: as little mediasoup as it takes to forward one stream to n plain transports. */
import { mediaCodecs } from '@keshi/contract/media-codecs';
import { createWorker, type types } from 'mediasoup';
import { soundParameters, type OpenPath } from './path.ts';

const listenInfo = {
  protocol: 'udp',
  ip: '127.0.0.1',
  sendBufferSize: 4 << 20,
  recvBufferSize: 4 << 20,
} as const;

export const openBareSfu: OpenPath = async ({ consumers, piped, sinkOf }) => {
  const workers: types.Worker[] = [];
  const makeRouter = async () => {
    const worker = await createWorker({ logLevel: 'error' });
    workers.push(worker);
    return worker.createRouter({ mediaCodecs: [...mediaCodecs] });
  };
  const near = await makeRouter();
  const far = piped ? await makeRouter() : near;
  const input = await near.createPlainTransport({ listenInfo, rtcpMux: true, comedia: true });
  const producer = await input.produce({ kind: 'audio', rtpParameters: soundParameters });
  if (piped) await near.pipeToRouter({ producerId: producer.id, router: far, listenInfo, enableSctp: false });
  for (let viewer = 0; viewer < consumers; viewer++) {
    const output = await far.createPlainTransport({ listenInfo, rtcpMux: true });
    await output.connect(sinkOf(viewer));
    await output.consume({ producerId: producer.id, rtpCapabilities: far.rtpCapabilities });
  }
  return {
    name: 'bare',
    port: input.tuple.localPort,
    async close() {
      for (const worker of workers) {
        const ended = new Promise<void>((resolve) => {
          worker.once('subprocessclose', resolve);
        });
        worker.close();
        await ended;
      }
    },
  };
};
