/** A PDF as a person sees it: drawn by pdf.js in a real browser, its code read by a reader of codes. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { BrowserContext } from 'playwright-core';

const require = createRequire(import.meta.url);
const origin = 'http://pdf.test';
const files: Readonly<Record<string, { path: string; type: string }>> = {
  '/pdf.mjs': { path: require.resolve('pdfjs-dist/build/pdf.min.mjs'), type: 'text/javascript' },
  '/worker.mjs': { path: require.resolve('pdfjs-dist/build/pdf.worker.min.mjs'), type: 'text/javascript' },
  '/jsqr.js': { path: require.resolve('jsqr'), type: 'text/javascript' },
};
const html = `<!doctype html><script src="/jsqr.js"></script><script type="module">
  import * as pdfjs from '/pdf.mjs';
  pdfjs.GlobalWorkerOptions.workerSrc = '/worker.mjs';
  globalThis.look = async (base64) => {
    const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const pdf = await pdfjs.getDocument({ data }).promise;
    const page = await pdf.getPage(1);
    const viewport = page.getViewport({ scale: 2 });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [viewport.width, viewport.height];
    await page.render({ canvas, viewport }).promise;
    const picture = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const { items } = await page.getTextContent();
    return {
      pages: pdf.numPages,
      width: viewport.width / 2,
      height: viewport.height / 2,
      text: items.map(({ str }) => str).join(''),
      code: jsQR(picture.data, picture.width, picture.height)?.data ?? null,
      attachments: [...((await pdf.getAttachments()) ?? new Map()).keys()],
    };
  };
</script>`;

export interface PdfSeen {
  pages: number;
  /** In points. */
  width: number;
  height: number;
  text: string;
  /** What the two-dimensional code says; null when none can be read. */
  code: string | null;
  attachments: string[];
}

export async function lookAtPdf(
  context: BrowserContext,
  pdf: Buffer,
  pictureFile?: string,
): Promise<PdfSeen> {
  const page = await context.newPage();
  try {
    await page.route(`${origin}/**`, async (route) => {
      const file = files[new URL(route.request().url()).pathname];
      await route.fulfill(
        file
          ? { contentType: file.type, body: await readFile(file.path) }
          : { contentType: 'text/html; charset=utf-8', body: html },
      );
    });
    await page.goto(`${origin}/`);
    await page.waitForFunction('"look" in globalThis');
    const seen = await page.evaluate<PdfSeen>(`globalThis.look('${pdf.toString('base64')}')`);
    if (pictureFile) await page.screenshot({ path: pictureFile });
    return seen;
  } finally {
    await page.close();
  }
}
