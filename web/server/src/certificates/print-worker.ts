// Runs in a thread of its own: reading a font of thirty thousand characters and packing pages is work.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import PDFDocument from 'pdfkit';
import type { PrintJob, Printed } from './printing.ts';

const require = createRequire(import.meta.url);
const fontFile = (weight: string) =>
  readFileSync(require.resolve(`@expo-google-fonts/noto-sans-sc/${weight}/NotoSansSC_${weight}.ttf`));
const fonts = { regular: fontFile('400Regular'), bold: fontFile('700Bold') };

/** A4 on its side, in points. */
const page = { width: 841.89, height: 595.28 };
const ink = '#16212b';
const faint = '#5b6873';
const accent = '#0b5f66';
const left = 92;
const inner = page.width - 2 * left;

function print({ sheet, attachment }: PrintJob): Promise<Uint8Array> {
  const doc = new PDFDocument({
    size: 'A4',
    layout: 'landscape',
    margin: 0,
    lang: 'zh-CN',
    displayTitle: true,
    info: { Title: `${sheet.title} ${sheet.number}`, Author: sheet.issuer, Subject: sheet.courseTitle },
  });
  doc.registerFont('regular', fonts.regular);
  doc.registerFont('bold', fonts.bold);
  frame(doc);

  doc.font('bold').fontSize(38).fillColor(ink);
  doc.text(sheet.title, left, 86, { width: inner, align: 'center', characterSpacing: 10 });
  doc.font('regular').fontSize(11).fillColor(faint);
  doc.text(sheet.subtitle, left, 142, { width: inner, align: 'center', characterSpacing: 2 });

  doc.font('bold').fontSize(24).fillColor(ink).text(sheet.name, left, 184, { width: inner, align: 'center' });
  if (sheet.document) {
    doc.font('regular').fontSize(11).fillColor(faint);
    doc.text(sheet.document, left, 220, { width: inner, align: 'center' });
  }
  doc.font('regular').fontSize(15).fillColor(ink);
  doc.text(sheet.body, left + 40, 252, { width: inner - 80, align: 'center', lineGap: 9 });
  facts(doc, sheet.facts);

  // As large as a telephone reads it from a hand's distance, with the quiet zone it needs.
  const side = 92;
  doc.save();
  doc.translate(left, 428).scale(side / sheet.code.size);
  doc.path(sheet.code.path).fill('#000000');
  doc.restore();
  doc.font('regular').fontSize(9).fillColor(faint);
  doc.text(sheet.scan, left + side + 16, 432, { width: 260, lineGap: 2 });
  doc.font('bold').fontSize(11).fillColor(ink);
  doc.text(sheet.number, left + side + 16, 482, { width: 260 });
  doc.font('regular').fontSize(7.5).fillColor(faint);
  doc.text(sheet.address, left + side + 16, 500, { width: 260, lineBreak: true });

  doc.font('bold').fontSize(14).fillColor(ink);
  doc.text(sheet.issuer, page.width - left - 280, 462, { width: 280, align: 'right' });
  doc.font('regular').fontSize(12).fillColor(ink);
  doc.text(sheet.date, page.width - left - 280, 486, { width: 280, align: 'right' });

  doc.file(Buffer.from(attachment), {
    name: `${sheet.number}.json`,
    type: 'application/json',
    description: sheet.attached,
  });
  return ended(doc);
}

function frame(doc: PDFKit.PDFDocument): void {
  doc.lineWidth(2.2).strokeColor(accent);
  doc.rect(30, 30, page.width - 60, page.height - 60).stroke();
  doc.lineWidth(0.6);
  doc.rect(37, 37, page.width - 74, page.height - 74).stroke();
  for (const [x, y] of [
    [37, 37],
    [page.width - 37, 37],
    [37, page.height - 37],
    [page.width - 37, page.height - 37],
  ] as const) {
    doc.circle(x, y, 9).fill('#ffffff');
    doc.circle(x, y, 5).lineWidth(1.2).stroke();
  }
}

/** In one row, as wide as they are many. */
function facts(doc: PDFKit.PDFDocument, all: PrintJob['sheet']['facts']): void {
  const width = Math.min(150, inner / Math.max(1, all.length));
  const from = page.width / 2 - (width * all.length) / 2;
  for (const [place, [label, value]] of all.entries()) {
    const x = from + place * width;
    doc.font('regular').fontSize(10).fillColor(faint).text(label, x, 346, { width, align: 'center' });
    doc.font('bold').fontSize(17).fillColor(accent).text(value, x, 362, { width, align: 'center' });
  }
}

function ended(doc: PDFKit.PDFDocument): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    doc.on('data', (chunk: Buffer) => chunks.push(chunk));
    doc.on('end', () => resolve(Buffer.concat(chunks)));
    doc.on('error', reject);
    doc.end();
  });
}

// What arrives was made by `printing.ts` in the same process and copied structurally.
parentPort?.on('message', (job: PrintJob) => {
  print(job).then(
    (pdf) => parentPort?.postMessage({ id: job.id, pdf } satisfies Printed),
    (error: unknown) =>
      parentPort?.postMessage({
        id: job.id,
        failed: error instanceof Error ? error.message : String(error),
      } satisfies Printed),
  );
});
