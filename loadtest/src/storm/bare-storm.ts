/**
 * The limit: two mediasoup workers with a pipe between them and an HTTP server that gives everybody a transport and
 * the two streams. No tickets, no class, no attendance, no database; who asks is served by the workers in turn.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { dtlsParameters, rtpParameters } from '@keshi/contract/media';
import { mediaCodecs } from '@keshi/contract/media-codecs';
import { createWorker, type types } from 'mediasoup';
import { allThreadsSeconds } from '../capacity/processor.ts';
import { z } from 'zod';
import type { StormSide } from './side.ts';

const ip = '127.0.0.1';
const workerCount = 2;

const connecting = z.object({ transportId: z.string(), dtlsParameters });
const producing = z.object({ transportId: z.string(), kind: z.enum(['audio', 'video']), rtpParameters });

interface Room {
  routers: { router: types.Router; webRtcServer: types.WebRtcServer }[];
  transports: Map<string, types.WebRtcTransport>;
  producers: types.Producer[];
  /** How many came, to serve them in turn. */
  came: number;
}

export async function openBareStorm({ viewers }: { viewers: number }): Promise<StormSide> {
  const workers: { worker: types.Worker; webRtcServer: types.WebRtcServer }[] = [];
  let room: Room | null = null;
  const current = (): Room => {
    if (!room) throw new Error('nobody was invited');
    return room;
  };

  const answers: Record<string, (body: unknown) => Promise<unknown>> = {
    '/join': async () => {
      const { routers, producers, transports, came } = current();
      current().came += 1;
      const place = routers[came % routers.length];
      if (!place) throw new Error('no router');
      const transport = await place.router.createWebRtcTransport({ webRtcServer: place.webRtcServer });
      transports.set(transport.id, transport);
      const consumers = await Promise.all(
        producers.map(({ id }) =>
          transport.consume({ producerId: id, rtpCapabilities: place.router.rtpCapabilities }),
        ),
      );
      return {
        recvTransport: optionsOf(transport),
        consumers: consumers.map((consumer) => ({
          id: consumer.id,
          kind: consumer.kind,
          rtpParameters: consumer.rtpParameters,
        })),
      };
    },
    '/connect': async (body) => {
      const { transportId, dtlsParameters: theirs } = connecting.parse(body);
      await current()
        .transports.get(transportId)
        ?.connect({ dtlsParameters: theirs as types.DtlsParameters });
      return {};
    },
    '/publish': async () => {
      const [near] = current().routers;
      if (!near) throw new Error('no router');
      const transport = await near.router.createWebRtcTransport({ webRtcServer: near.webRtcServer });
      current().transports.set(transport.id, transport);
      return { sendTransport: optionsOf(transport) };
    },
    '/produce': async (body) => {
      const { transportId, kind, rtpParameters: sent } = producing.parse(body);
      const { routers, transports, producers } = current();
      const producer = await transports
        .get(transportId)
        ?.produce({ kind, rtpParameters: sent as types.RtpParameters });
      const [near, ...others] = routers;
      if (!producer || !near) throw new Error('no such transport');
      for (const { router } of others)
        await near.router.pipeToRouter({
          producerId: producer.id,
          router,
          listenInfo: { protocol: 'udp', ip },
        });
      producers.push(producer);
      return {};
    },
  };

  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (!answer) return void response.writeHead(404).end();
    readJson(request)
      .then(answer)
      .then(
        (body) => response.end(JSON.stringify(body)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  const close = async () => {
    server.closeAllConnections();
    server.close();
    for (const { worker } of workers) worker.close();
  };
  try {
    for (let at = 0; at < workerCount; at++) {
      const worker = await createWorker({ logLevel: 'error' });
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: [{ protocol: 'udp', ip, sendBufferSize: 4 << 20, recvBufferSize: 4 << 20 }],
      });
      workers.push({ worker, webRtcServer });
    }
    server.listen(0, ip);
    await once(server, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to be had');
  return {
    name: 'bare',
    side: 'bare',
    url: `http://${ip}:${address.port}`,
    async invite() {
      for (const { router } of room?.routers ?? []) router.close();
      const routers: Room['routers'] = [];
      for (const { worker, webRtcServer } of workers)
        routers.push({
          router: await worker.createRouter({ mediaCodecs: [...mediaCodecs] }),
          webRtcServer,
        });
      room = { routers, transports: new Map(), producers: [], came: 0 };
      return { publisher: '', viewers: Array.from({ length: viewers }, () => '') };
    },
    processorTimes: () =>
      Promise.resolve({
        signaling: [],
        nodes: allThreadsSeconds(process.pid),
        workers: workers.reduce((sum, { worker }) => sum + allThreadsSeconds(worker.pid), 0),
      }),
    close,
  };
}

const optionsOf = ({ id, iceParameters, iceCandidates, dtlsParameters: ours }: types.WebRtcTransport) => ({
  id,
  iceParameters,
  iceCandidates,
  dtlsParameters: ours,
});

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return JSON.parse(Buffer.concat(chunks).toString());
}
