/** [PR5] What the page notices of its own camera while a class checks faces, in the words the class is told it in. */
import type { OwnEyeNotice } from '@keshi/contract/class-checks';
import { virtualCameraOf } from '#proctor/virtual-cameras.ts';
import type { Notice } from '#proctor/watching.ts';

/** No face for so long ends presence. */
const nobodyLongMs = 60_000;

/** Tells what it notices until it is closed. The watch and its weights are fetched here, with the first check of a class. */
export function openOwnEye(track: MediaStreamTrack, tell: (notice: OwnEyeNotice) => void): () => void {
  let closed = false;
  let close = () => {};
  let emptySince: ReturnType<typeof setTimeout> | undefined;

  function hear(notice: Notice): void {
    clearTimeout(emptySince);
    switch (notice.kind) {
      case 'back':
      case 'ended':
        // That it ended is told by whoever holds the camera.
        return;
      case 'muted':
        // Nothing comes from it: as good as a hand before the lens.
        return tell('covered');
      case 'nobody':
        emptySince = setTimeout(() => tell('nobody-long'), Math.max(0, nobodyLongMs - notice.forMs));
        return tell('nobody');
      case 'covered':
      case 'several':
      case 'still':
        return tell(notice.kind);
    }
  }

  if (virtualCameraOf(track.label)?.use === 'shows-anything') tell('virtual-camera');
  import('#proctor/watch.ts')
    .then(({ createWatch }) => {
      if (closed) return;
      const watch = createWatch({ stream: new MediaStream([track]), onNotice: hear });
      close = () => watch.close();
    })
    // Without it the checks come at their random times all the same.
    .catch(() => undefined);
  return () => {
    closed = true;
    clearTimeout(emptySince);
    close();
  };
}
