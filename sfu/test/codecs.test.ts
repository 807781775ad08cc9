import { mediaCodecs, routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { rtpCapabilities } from '@keshi/contract/media';
import { createWorker } from 'mediasoup';
import { afterAll, beforeAll, expect, it } from 'vitest';

let worker: Awaited<ReturnType<typeof createWorker>>;
beforeAll(async () => {
  worker = await createWorker();
});
afterAll(() => worker.close());

it('the contract tells exactly what a router of ours reports', async () => {
  const router = await worker.createRouter({ mediaCodecs: [...mediaCodecs] });
  expect(router.rtpCapabilities).toEqual(routerRtpCapabilities);
});

it('prefers H.264 and lets VP8 follow', () => {
  const video = routerRtpCapabilities.codecs.filter(({ mimeType }) => /h264|vp8/i.test(mimeType));
  expect(video.map(({ mimeType }) => mimeType)).toEqual(['video/H264', 'video/VP8']);
});

it('passes its own schema unchanged', () => {
  expect(rtpCapabilities.parse(routerRtpCapabilities)).toEqual(routerRtpCapabilities);
});
