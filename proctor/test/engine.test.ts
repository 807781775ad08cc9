import { deflateSync } from 'node:zlib';
import type { ReadFrame } from '@keshi/contract/proctor';
import { descriptorDistance } from '@keshi/rules/identity';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../src/engine/engine.ts';
import { frameLimits, inspectJpeg } from '../src/engine/jpeg.ts';
import { portrait, sample } from '../src/testing/samples.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.close());

async function read(jpeg: Uint8Array, mirrored = false): Promise<ReadFrame> {
  const { analysis } = await engine.analyse(jpeg, { mirrored });
  if (analysis.problem !== null) throw new Error(analysis.problem);
  return analysis;
}
const detailOf = ({ detail }: ReadFrame) => {
  if (!detail) throw new Error('no face');
  return detail;
};

describe('what is no picture of a camera is refused before it is decoded', () => {
  const problemOf = async (bytes: Uint8Array) => {
    const { analysis, ms } = await engine.analyse(bytes, { mirrored: false });
    expect(ms.detect, 'nothing was looked at').toBe(0);
    return analysis.problem;
  };
  const plain = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#345' } });

  test('nothing, text, other formats', async () => {
    expect(await problemOf(new Uint8Array())).toBe('empty');
    expect(await problemOf(Buffer.from('GIF89a not a picture.jpg'))).toBe('not-jpeg');
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>';
    expect(await problemOf(Buffer.from(svg))).toBe('not-jpeg');
    expect(await problemOf(await plain(640, 480).png().toBuffer())).toBe('not-jpeg');
    expect(await problemOf(await plain(640, 480).webp().toBuffer())).toBe('not-jpeg');
    expect(await problemOf(await plain(640, 480).gif().toBuffer())).toBe('not-jpeg');
    expect(await problemOf(deflateSync(Buffer.alloc(1_000)))).toBe('not-jpeg');
  });

  test('a JPEG that is cut off, anywhere', async () => {
    const whole = await portrait();
    expect(inspectJpeg(whole).readable).toBe(true);
    for (let end = 3; end < whole.length - 2; end += 997)
      expect(await problemOf(whole.subarray(0, end)), `${end} bytes`).toBe('truncated');
  });

  test('a JPEG that is too large, declares too much, or too little', async () => {
    const padded = Buffer.concat([await portrait(), Buffer.alloc(frameLimits.bytes)]);
    expect(await problemOf(padded)).toBe('too-many-bytes');
    expect(await problemOf(await plain(2_500, 2_000).jpeg().toBuffer())).toBe('too-many-pixels');
    expect(await problemOf(await plain(640, 63).jpeg().toBuffer())).toBe('too-few-pixels');
    const bomb = Buffer.from(await plain(640, 480).jpeg().toBuffer());
    const frameAt = bomb.indexOf(Buffer.from([0xff, 0xc0]));
    bomb.writeUInt16BE(65_535, frameAt + 5);
    bomb.writeUInt16BE(65_535, frameAt + 7);
    expect(await problemOf(bomb)).toBe('too-many-pixels');
  });

  test('a JPEG with four colours, and one that lies about its content', async () => {
    expect(await problemOf(await plain(640, 480).toColourspace('cmyk').jpeg().toBuffer())).toBe('unreadable');
    const whole = await portrait();
    const scanAt = whole.indexOf(Buffer.from([0xff, 0xda]));
    const spoilt = Buffer.concat([whole.subarray(0, scanAt + 2_000), whole.subarray(-2)]);
    expect(await problemOf(spoilt)).toBe('unreadable');
  });

  test('a progressive JPEG with a few scans is read, one with hundreds is not', async () => {
    const progressive = await sharp(await portrait())
      .jpeg({ progressive: true })
      .toBuffer();
    expect((await read(progressive)).faceCount).toBe(1);
    const scanAt = progressive.lastIndexOf(Buffer.from([0xff, 0xda]));
    const scan = progressive.subarray(scanAt, progressive.length - 2);
    const repeated = Array.from({ length: frameLimits.scans }, () => scan);
    const many = Buffer.concat([progressive.subarray(0, -2), ...repeated, Buffer.from([0xff, 0xd9])]);
    expect(await problemOf(many)).toBe('unreadable');
  });
});

describe('what is in a picture', () => {
  test('one face, with its place, pose, quality and descriptor', async () => {
    const frame = await read(await portrait());
    expect(frame.faceCount).toBe(1);
    const [face] = frame.faces;
    expect(face?.score).toBeGreaterThan(0.5);
    const detail = detailOf(frame);
    expect(detail.sharpness).toBeGreaterThan(15);
    expect(detail.brightness).toBeGreaterThan(35);
    expect(Buffer.from(detail.descriptor ?? '', 'base64')).toHaveLength(512);
  });

  test('one person in another light, size and quality is near; another person is far', async () => {
    const one = await portrait();
    const again = await sharp(one).modulate({ brightness: 0.7 }).resize(480).jpeg({ quality: 60 }).toBuffer();
    const other = await portrait('other');
    const [a, b, c] = await Promise.all([one, again, other].map(async (jpeg) => detailOf(await read(jpeg))));
    expect(descriptorDistance(a?.descriptor ?? '', b?.descriptor ?? '')).toBeLessThan(0.3);
    expect(descriptorDistance(a?.descriptor ?? '', c?.descriptor ?? '')).toBeGreaterThan(0.6);
  });

  test('a turned head: mirrored, it turns the other way', async () => {
    const turned = await portrait('turned');
    const mirrored = await sharp(turned).flop().jpeg().toBuffer();
    const [one, other] = [detailOf(await read(turned)).yaw, detailOf(await read(mirrored)).yaw];
    expect(Math.abs(one)).toBeGreaterThan(12);
    expect(Math.sign(one)).toBe(-Math.sign(other));
  });

  test('a picture that lies on its side and says so is looked at upright', async () => {
    const lying = await sharp(await portrait())
      .rotate(90)
      .withMetadata({ orientation: 8 })
      .jpeg()
      .toBuffer();
    const frame = await read(lying);
    expect([frame.faceCount, frame.width > frame.height]).toEqual([1, true]);
  });

  test('several faces are counted, and none of them is described', async () => {
    const frame = await read(await sample('sample6'));
    expect(frame.faceCount).toBeGreaterThan(2);
    expect(frame.faces.length).toBe(frame.faceCount);
    expect(frame.detail?.descriptor).toBeNull();
  });

  test('nobody, the dark, a covered lens, and a face in the dark', async () => {
    const empty = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#ccc' } })
      .composite([
        {
          input: Buffer.from(
            '<svg width="300" height="300"><rect width="300" height="300" fill="#864"/></svg>',
          ),
        },
      ])
      .jpeg()
      .toBuffer();
    expect(await read(empty)).toMatchObject({ faceCount: 0, detail: null });
    const covered = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#030303' } })
      .jpeg()
      .toBuffer();
    expect((await read(covered)).contrast).toBeLessThan(1);
    const dark = await sharp(await portrait())
      .linear(0.08, 0)
      .jpeg({ quality: 95 })
      .toBuffer();
    const frame = await read(dark);
    expect(frame.brightness).toBeLessThan(20);
    expect(frame.faceCount, 'found after stretching').toBe(1);
    expect(frame.detail?.brightness).toBeLessThan(35);
  });

  test('a blurred face is measured as such', async () => {
    const blurred = await sharp(await portrait())
      .blur(8)
      .jpeg()
      .toBuffer();
    const { detail, sharpness } = await read(blurred);
    expect(detail?.sharpness ?? sharpness).toBeLessThan(15);
  });

  test('the trace tells the same bytes, the same picture and another picture apart', async () => {
    const one = await portrait();
    const [same, recoded, other] = await Promise.all([
      read(one),
      read(await sharp(one).jpeg({ quality: 70 }).toBuffer()),
      read(await portrait('other')),
    ]);
    const first = await read(one);
    const bits = (hash: string) =>
      [...(BigInt(`0x${hash}`) ^ BigInt(`0x${first.trace.hash}`)).toString(2)].filter((bit) => bit === '1')
        .length;
    expect(same.trace).toEqual(first.trace);
    expect(recoded.trace.digest).not.toBe(first.trace.digest);
    expect(bits(recoded.trace.hash)).toBeLessThan(bits(other.trace.hash) / 4);
  });
});
