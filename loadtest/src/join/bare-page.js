// The peer's page: mediasoup-client and nothing else. `?publish` sends camera and microphone with the layers the
// product's instructor sends; otherwise a button joins and the same marks are set as in the product.
/* global document, location, MediaStream */
import { Device } from 'mediasoup-client';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';

const post = async (path, body) => {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
};
const mark = (name) => performance.getEntriesByName(name).length > 0 || performance.mark(name);
const device = await Device.factory();
await device.load({ routerRtpCapabilities });

const cameraLayers = [
  { rid: 'r0', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T2' },
  { rid: 'r1', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T2' },
  { rid: 'r2', scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T2' },
];

async function publish() {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: true,
    video: { width: 1280, height: 720, frameRate: { ideal: 25, max: 30 } },
  });
  const transport = device.createSendTransport(await post('/publish', {}));
  transport.on('connect', ({ dtlsParameters }, done, fail) => {
    post('/connect', { id: transport.id, dtlsParameters }).then(() => done(), fail);
  });
  transport.on('produce', ({ kind, rtpParameters }, done, fail) => {
    post('/produce', { kind, rtpParameters }).then(done, fail);
  });
  const codec = device.sendRtpCapabilities.codecs.find(({ mimeType }) => mimeType === 'video/VP8');
  const [camera] = stream.getVideoTracks();
  camera.contentHint = 'motion';
  await transport.produce({
    track: stream.getAudioTracks()[0],
    codecOptions: { opusFec: true, opusDtx: true },
  });
  await transport.produce({
    track: camera,
    encodings: cameraLayers,
    codec,
    codecOptions: { videoGoogleStartBitrate: 1000 },
  });
  document.title = 'published';
}

async function join() {
  mark('keshi:join-click');
  const { transport: options, consumers } = await post('/join', {
    rtpCapabilities: device.recvRtpCapabilities,
  });
  mark('keshi:joined');
  const transport = device.createRecvTransport(options);
  transport.on('connect', ({ dtlsParameters }, done, fail) => {
    post('/connect', { id: transport.id, dtlsParameters }).then(() => done(), fail);
  });
  await Promise.all(
    consumers.map(async (consumer) => {
      const { track } = await transport.consume(consumer);
      const element = document.createElement(consumer.kind);
      element.autoplay = true;
      element.muted = consumer.kind === 'video';
      element.srcObject = new MediaStream([track]);
      document.body.append(element);
      if (consumer.kind === 'video') element.requestVideoFrameCallback(() => mark('keshi:first-frame'));
      else void waitForSound(transport);
    }),
  );
}

async function waitForSound(transport) {
  for (;;) {
    for (const row of (await transport.getStats()).values())
      if (row.type === 'inbound-rtp' && row.kind === 'audio' && row.packetsReceived > 0)
        return mark('keshi:first-audio');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

if (location.search === '?publish') await publish();
else {
  const button = document.createElement('button');
  button.textContent = 'join';
  button.addEventListener('click', () => void join());
  document.body.append(button);
}
