/** What can be told from a picture without knowing what is on it. */

export interface Pixels {
  /** RGBA. */
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface Light {
  /** Mean and standard deviation of luma, 0 to 255. */
  readonly brightness: number;
  readonly contrast: number;
  /** How far neighbouring parts of the picture differ on the average: next to nothing with a finger on the lens. */
  readonly roughness: number;
}

/** Parts along the longer side: coarse enough that a camera's noise is gone. */
const parts = 40;

export function lightOf(picture: Pixels): Light {
  const luma = lumaOf(picture);
  const brightness = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  const spread = luma.reduce((sum, value) => sum + (value - brightness) ** 2, 0) / luma.length;
  return { brightness, contrast: Math.sqrt(spread), roughness: roughnessOf(luma, picture) };
}

export function lumaOf({ data, width, height }: Pixels): Uint8Array {
  const luma = new Uint8Array(width * height);
  for (let at = 0; at < luma.length; at += 1)
    luma[at] = Math.round(
      0.299 * (data[at * 4] ?? 0) + 0.587 * (data[at * 4 + 1] ?? 0) + 0.114 * (data[at * 4 + 2] ?? 0),
    );
  return luma;
}

function roughnessOf(luma: Uint8Array, { width, height }: Pixels): number {
  const side = Math.max(1, Math.floor(Math.max(width, height) / parts));
  const [columns, rows] = [Math.floor(width / side), Math.floor(height / side)];
  const means = new Float64Array(columns * rows);
  for (let y = 0; y < rows * side; y += 1)
    for (let x = 0; x < columns * side; x += 1) {
      const part = Math.floor(y / side) * columns + Math.floor(x / side);
      means[part] = (means[part] ?? 0) + (luma[y * width + x] ?? 0) / side ** 2;
    }
  let [sum, count] = [0, 0];
  for (let row = 0; row < rows; row += 1)
    for (let column = 1; column < columns; column += 1) {
      const at = row * columns + column;
      sum += Math.abs((means[at] ?? 0) - (means[at - 1] ?? 0));
      count += 1;
    }
  return count === 0 ? 0 : sum / count;
}

/** Which part of two pictures' luma differs at all, 0 to 1; 1 when they are not of one size. */
export function differenceOf(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length || a.length === 0) return 1;
  let differing = 0;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) differing += 1;
  return differing / a.length;
}
