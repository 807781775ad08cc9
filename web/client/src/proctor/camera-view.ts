/** What a camera shows at this moment, for as long as it is looked at. It never stops the camera: that is its owner's. */

export interface CameraView {
  /** Null while nothing has come from the camera yet, and when nothing comes any more. */
  readonly video: HTMLVideoElement | null;
  readonly track: MediaStreamTrack;
  /** The picture of now, at most `longestSide` long. Null when there is none. */
  picture(longestSide: number): Promise<ImageBitmap | null>;
  close(): void;
}

/** Null when the stream has no camera in it. */
export function openCameraView(stream: MediaStream): CameraView | null {
  const [track] = stream.getVideoTracks();
  if (!track) return null;
  // No part of the page; silent and in the page's flow, or phones would not play it.
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  // What keeps it from playing shows as "no picture".
  video.play().catch(() => undefined);

  const showing = () =>
    track.readyState === 'live' &&
    !track.muted &&
    track.enabled &&
    video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA &&
    video.videoWidth > 0;

  return {
    get video() {
      return showing() ? video : null;
    },
    track,
    async picture(longestSide) {
      if (!showing()) return null;
      const { videoWidth, videoHeight } = video;
      const factor = Math.min(1, longestSide / Math.max(videoWidth, videoHeight));
      const size = {
        resizeWidth: Math.max(1, Math.round(videoWidth * factor)),
        resizeHeight: Math.max(1, Math.round(videoHeight * factor)),
        resizeQuality: 'low',
      } as const;
      // The camera may go while its picture is taken.
      return createImageBitmap(video, size).catch(() => null);
    },
    close() {
      video.pause();
      video.srcObject = null;
    },
  };
}
