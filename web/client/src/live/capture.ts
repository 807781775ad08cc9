/** Cameras, microphones and screens of this device. Whoever captures a track is the one to stop it. */

export type CaptureFailure = 'denied' | 'missing' | 'busy' | 'insecure' | 'cancelled';

/** In the interface's terms; the browser's own error names differ from one to the next. */
export class CaptureError extends Error {
  readonly failure: CaptureFailure;

  constructor(failure: CaptureFailure) {
    super(failure);
    this.name = 'CaptureError';
    this.failure = failure;
  }
}

function failureOf(error: unknown, screen: boolean): CaptureError {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return new CaptureError(screen ? 'cancelled' : 'denied');
  if (name === 'NotReadableError' || name === 'AbortError') return new CaptureError('busy');
  return new CaptureError('missing');
}

function devices(): MediaDevices {
  // Browsers hide the whole interface from pages that came over plain http.
  if (!('mediaDevices' in navigator)) throw new CaptureError('insecure');
  return navigator.mediaDevices;
}

/** `deviceId` undefined: the system's choice. A remembered device that is gone falls back to it. */
export async function captureCamera(deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await ask(devices(), {
    video: {
      ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
      width: { ideal: 1280 },
      height: { ideal: 720 },
      frameRate: { ideal: 25, max: 30 },
    },
  });
  return firstOf(stream.getVideoTracks());
}

/** Small and slow: for pictures that are looked at one by one. */
export async function captureFace(deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await ask(devices(), {
    video: {
      ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
      width: { ideal: 640 },
      height: { ideal: 480 },
      frameRate: { ideal: 15, max: 30 },
    },
  });
  return firstOf(stream.getVideoTracks());
}

export async function captureMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await ask(devices(), {
    audio: {
      ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    },
  });
  return firstOf(stream.getAudioTracks());
}

/** The screen and, where the person shares it, its sound. */
export async function captureScreen(): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | null }> {
  try {
    const stream = await devices().getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
      audio: true,
    });
    return { video: firstOf(stream.getVideoTracks()), audio: stream.getAudioTracks()[0] ?? null };
  } catch (error) {
    throw error instanceof CaptureError ? error : failureOf(error, true);
  }
}

export const canShareScreen = () =>
  'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;

async function ask(from: MediaDevices, constraints: MediaStreamConstraints): Promise<MediaStream> {
  try {
    return await from.getUserMedia(constraints);
  } catch (error) {
    throw failureOf(error, false);
  }
}

function firstOf(tracks: MediaStreamTrack[]): MediaStreamTrack {
  const [track] = tracks;
  if (!track) throw new CaptureError('missing');
  return track;
}

export interface Choice {
  id: string;
  label: string;
}

/** Names are empty until the person has allowed a capture once. */
export async function listDevices(): Promise<{
  cameras: Choice[];
  microphones: Choice[];
  speakers: Choice[];
}> {
  const all = await devices().enumerateDevices();
  const of = (kind: MediaDeviceKind) =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map((device) => ({ id: device.deviceId, label: device.label }));
  return { cameras: of('videoinput'), microphones: of('audioinput'), speakers: of('audiooutput') };
}

/** Calls back with the loudness of a track, 0 to 1, some twelve times a second, until the returned function is called. */
export function meterLevel(track: MediaStreamTrack, onLevel: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // −60 dB reads as silence, −10 dB as a full bar: speech moves in between.
    const decibel = 10 * Math.log10(power + 1e-9);
    onLevel(Math.min(1, Math.max(0, (decibel + 60) / 50)));
  }, 80);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
