// @ts-check
// `node start/prepare.mjs`: everything `npm start` does before it starts the services. The image is built with it.
import { entry } from './install/entry.mjs';
import { prepare } from './install/prepare.mjs';

await entry(async () => {
  // The image itself brings ffmpeg.
  await prepare({ pages: true, recording: false });
  return 0;
});
