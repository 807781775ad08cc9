/** The peer: one mediasoup worker with the product's settings, two HTTP questions to join, nobody checked or counted. */
import { createServer, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { mediaCodecs } from '@keshi/contract/media-codecs';
import { desktop, openBrowser, type Browser } from '@keshi/e2e/chromium';
import { freePort } from '@keshi/e2e/product';
import { createWorker, type types } from 'mediasoup';
import { build } from 'vite';
import { z } from 'zod';
import type { JoinSide } from './side.ts';

const patience = { timeout: 60_000 };
const ip = '127.0.0.1';
/** mediasoup checks the inside itself; this bench speaks only to its own page. */
const handedOn = <T>() => z.custom<T>((value) => typeof value === 'object' && value !== null);
const asConnect = z.object({ id: z.string(), dtlsParameters: handedOn<types.DtlsParameters>() });
const asProduce = z.object({
  kind: z.enum(['audio', 'video']),
  rtpParameters: handedOn<types.RtpParameters>(),
});
const asJoin = z.object({ rtpCapabilities: handedOn<types.RtpCapabilities>() });

export async function openBareClass(): Promise<JoinSide> {
  const script = await bundlePage();
  const worker = await createWorker({ logLevel: 'error' });
  const buffers = { sendBufferSize: 4 << 20, recvBufferSize: 4 << 20 };
  const port = await freePort();
  const webRtcServer = await worker.createWebRtcServer({
    listenInfos: [
      { protocol: 'udp', ip, port, ...buffers },
      { protocol: 'tcp', ip, port, ...buffers },
    ],
  });
  const router = await worker.createRouter({ mediaCodecs: [...mediaCodecs] });
  const transports = new Map<string, types.WebRtcTransport>();
  const producers: types.Producer[] = [];
  let publisher: types.WebRtcTransport | undefined;
  let viewer: types.WebRtcTransport | undefined;

  async function openTransport() {
    const transport = await router.createWebRtcTransport({
      webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      initialAvailableOutgoingBitrate: 1_500_000,
      iceConsentTimeout: 15,
    });
    transports.set(transport.id, transport);
    transport.observer.once('close', () => transports.delete(transport.id));
    return transport;
  }
  const optionsOf = ({ id, iceParameters, iceCandidates, dtlsParameters }: types.WebRtcTransport) => ({
    id,
    iceParameters,
    iceCandidates,
    dtlsParameters,
  });

  async function answer(path: string, body: unknown): Promise<unknown> {
    switch (path) {
      case '/publish':
        publisher = await openTransport();
        return optionsOf(publisher);
      case '/produce': {
        const producer = await publisher?.produce(asProduce.parse(body));
        if (producer) producers.push(producer);
        return { id: producer?.id };
      }
      case '/connect': {
        const { id, dtlsParameters } = asConnect.parse(body);
        await transports.get(id)?.connect({ dtlsParameters });
        return {};
      }
      case '/join': {
        const { rtpCapabilities } = asJoin.parse(body);
        viewer?.close();
        const mine = await openTransport();
        viewer = mine;
        const consumers = await Promise.all(
          producers.map(async ({ id: producerId }) => {
            const { id, kind, rtpParameters } = await mine.consume({ producerId, rtpCapabilities });
            return { id, producerId, kind, rtpParameters };
          }),
        );
        return { transport: optionsOf(mine), consumers };
      }
      default:
        throw new Error(`nothing at ${path}`);
    }
  }

  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (request.method === 'GET' && path !== '/page.js') {
      response.setHeader('content-type', 'text/html').end('<script type="module" src="/page.js"></script>');
      return;
    }
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/javascript').end(script);
      return;
    }
    readJson(request)
      .then((body) => answer(path, body))
      .then(
        (reply) => response.setHeader('content-type', 'application/json').end(JSON.stringify(reply)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, ip, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to be had');
  const url = `http://${ip}:${address.port}`;

  let host: Browser | undefined;
  const close = async () => {
    await host?.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    worker.close();
  };
  try {
    host = await openBrowser(desktop);
    await host.page.goto(`${url}/?publish`);
    await host.page.waitForFunction('document.title === "published"', undefined, patience);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'bare',
    async prepare(page) {
      await page.goto(url);
      await page.getByRole('button', { name: 'join' }).waitFor(patience);
      await page.waitForLoadState('networkidle');
    },
    click: (page) => page.getByRole('button', { name: 'join' }).click(),
    close,
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** One script, as the product's pages are built. */
async function bundlePage(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'esnext',
      rolldownOptions: { input: fileURLToPath(new URL('./bare-page.js', import.meta.url)) },
    },
  });
  for (const { output } of [built].flat() as { output: { type: string; code?: string }[] }[])
    for (const file of output) if (file.type === 'chunk' && file.code) return file.code;
  throw new Error('the page was not built');
}
