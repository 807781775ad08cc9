/* global window, document, MediaStream, AudioContext */
// The smallest page that uses the service as the product's does: bundled by vite, driven by browser.test.ts, which
// exposes `sfuRequest` and calls `onSfuEvent`.
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { Device } from 'mediasoup-client';

const request = (name, params) => window.sfuRequest(name, params);
const as = { classId: '', peerId: '' };
const device = new Device();
const consumers = new Map();
const firstFrames = {};
let recvTransport;
let sendTransport;
let joinedAt = 0;

const wire = (transport, forged = false) => {
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    if (forged)
      for (const print of dtlsParameters.fingerprints) print.value = print.value.replaceAll(/[0-9A-F]/g, 'A');
    request('transport.connect', { ...as, transportId: transport.id, dtlsParameters }).then(done, failed);
  });
  transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
    const params = {
      ...as,
      transportId: transport.id,
      kind,
      rtpParameters,
      source: appData.source,
      paused: false,
    };
    request('producer.create', params).then(({ producerId }) => done({ id: producerId }), failed);
  });
  return transport;
};

const consume = async (options) => {
  const { id, producerId, kind, rtpParameters, source } = options;
  const consumer = await recvTransport.consume({ id, producerId, kind, rtpParameters });
  consumers.set(id, consumer);
  consumer.source = source;
  const element = document.createElement(kind);
  element.muted = true;
  element.playsInline = true;
  element.srcObject = new MediaStream([consumer.track]);
  document.body.append(element);
  if (kind === 'video')
    element.requestVideoFrameCallback(() => {
      firstFrames[source] ??= performance.now() - joinedAt;
    });
  await element.play();
};

// The fake microphone beeps too shortly to count as a voice.
const tone = () => {
  const context = new AudioContext();
  const destination = context.createMediaStreamDestination();
  const oscillator = context.createOscillator();
  oscillator.connect(destination);
  oscillator.start();
  return destination.stream.getAudioTracks()[0];
};

window.onSfuEvent = ({ name, payload }) => {
  if (payload.peerId !== as.peerId) return;
  if (name === 'consumer.new') consume(payload.consumer);
  if (name === 'consumer.closed') {
    consumers.get(payload.consumerId)?.close();
    consumers.delete(payload.consumerId);
  }
};

window.keshi = {
  async join({ classId, peerId, transport = 'udp', forged = false }) {
    Object.assign(as, { classId, peerId });
    joinedAt = performance.now();
    // Known from the contract: the first thing that crosses the network is the join itself.
    if (!device.loaded) await device.load({ routerRtpCapabilities });
    const rtpCapabilities = device.recvRtpCapabilities ?? device.rtpCapabilities;
    const joined = await request('peer.join', { ...as, rtpCapabilities, resume: false, audioOnly: false });
    recvTransport?.close();
    consumers.clear();
    delete firstFrames.camera;
    const iceCandidates = joined.recvTransport.iceCandidates.filter(({ protocol }) => protocol === transport);
    recvTransport = wire(device.createRecvTransport({ ...joined.recvTransport, iceCandidates }), forged);
    await Promise.all(joined.consumers.map(consume));
    return joined.consumers.length;
  },
  async publish(mimeType) {
    const joined = await request('peer.publish', { ...as, via: 'page', held: [] });
    sendTransport = wire(device.createSendTransport(joined.sendTransport));
    const media = await navigator.mediaDevices.getUserMedia({
      video: { width: 1280, height: 720, frameRate: 15 },
    });
    const known = device.sendRtpCapabilities ?? device.rtpCapabilities;
    const codec =
      mimeType && known.codecs.find((entry) => entry.mimeType.toLowerCase() === mimeType.toLowerCase());
    const [video, audio] = await Promise.all([
      sendTransport.produce({
        track: media.getVideoTracks()[0],
        codec,
        encodings: [
          { scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
          { scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
          { scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T3' },
        ],
        codecOptions: { videoGoogleStartBitrate: 1000 },
        appData: { source: 'camera' },
      }),
      sendTransport.produce({ track: tone(), appData: { source: 'mic' } }),
    ]);
    return { codec: video.rtpParameters.codecs[0].mimeType, producers: [video.id, audio.id] };
  },
  layers: (consumerId, layers) => request('consumer.layers', { ...as, consumerId, layers }),
  closeReceiver: () => recvTransport.close(),
  async restartIce() {
    const { iceParameters } = await request('transport.restartIce', { ...as, transportId: recvTransport.id });
    await recvTransport.restartIce({ iceParameters });
  },
  async report() {
    const streams = {};
    for (const [id, consumer] of consumers) {
      for (const stat of (await consumer.getStats()).values()) {
        if (stat.type !== 'inbound-rtp') continue;
        streams[consumer.source] = {
          id,
          packets: stat.packetsReceived,
          frames: stat.framesDecoded ?? 0,
          width: stat.frameWidth ?? 0,
        };
      }
    }
    return { state: recvTransport.connectionState, firstFrames, streams };
  },
};
