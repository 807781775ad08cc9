/** What the recorder must know of H.264 parameter sets (ITU-T H.264, 7.3.2): the picture's size, and which is which. */

export interface SequenceParameters {
  width: number;
  height: number;
}

/** Null when it cannot be read. */
export function readSequenceParameterSet(unit: Buffer): SequenceParameters | null {
  const bits = readBits(unit.subarray(1));
  try {
    return readSize(bits);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Null when it cannot be read. */
export function pictureParameterSetId(unit: Buffer): number | null {
  try {
    return readBits(unit.subarray(1)).unsigned();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const profilesWithChroma: ReadonlySet<number> = new Set([
  44, 83, 86, 100, 110, 118, 122, 128, 134, 138, 139, 244,
]);

function readSize(bits: Bits): SequenceParameters {
  const profile = bits.fixed(8);
  bits.fixed(16);
  bits.unsigned();
  let chroma = 1;
  if (profilesWithChroma.has(profile)) {
    chroma = bits.unsigned();
    if (chroma === 3) bits.fixed(1);
    bits.unsigned();
    bits.unsigned();
    bits.fixed(1);
    if (bits.fixed(1)) skipScalingMatrix(bits, chroma === 3 ? 12 : 8);
  }
  bits.unsigned();
  const orderType = bits.unsigned();
  if (orderType === 0) bits.unsigned();
  else if (orderType === 1) {
    bits.fixed(1);
    bits.signed();
    bits.signed();
    for (let count = bits.unsigned(); count > 0; count--) bits.signed();
  }
  bits.unsigned();
  bits.fixed(1);
  const columns = bits.unsigned() + 1;
  const mapUnits = bits.unsigned() + 1;
  const framesOnly = bits.fixed(1);
  if (!framesOnly) bits.fixed(1);
  bits.fixed(1);
  const crop = bits.fixed(1) ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()] : [];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - framesOnly);
  const width = 16 * columns - unitX * (left + right);
  const height = 16 * mapUnits * (2 - framesOnly) - unitY * (top + bottom);
  if (width <= 0 || height <= 0 || width > 16_384 || height > 16_384) throw new RangeError('size');
  return { width, height };
}

function skipScalingMatrix(bits: Bits, lists: number): void {
  for (let list = 0; list < lists; list++) {
    if (!bits.fixed(1)) continue;
    let last = 8;
    let next = 8;
    for (let at = 0; at < (list < 6 ? 16 : 64); at++) {
      if (next !== 0) next = (last + bits.signed() + 256) & 0xff;
      if (next !== 0) last = next;
    }
  }
}

interface Bits {
  fixed(count: number): number;
  /** Exp-Golomb codes. */
  unsigned(): number;
  signed(): number;
}

/** Throws RangeError past the end. */
function readBits(escaped: Buffer): Bits {
  const bytes: number[] = [];
  for (const [at, byte] of escaped.entries())
    if (!(byte === 3 && escaped[at - 1] === 0 && escaped[at - 2] === 0)) bytes.push(byte);
  let at = 0;
  const bit = (): number => {
    const byte = bytes[at >> 3];
    if (byte === undefined) throw new RangeError('past the end');
    return (byte >> (7 - (at++ & 7))) & 1;
  };
  const fixed = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 2 + bit();
    return value;
  };
  const unsigned = (): number => {
    let zeros = 0;
    while (bit() === 0) if (++zeros > 31) throw new RangeError('no such code');
    return 2 ** zeros - 1 + fixed(zeros);
  };
  return {
    fixed,
    unsigned,
    signed() {
      const code = unsigned();
      return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
    },
  };
}
