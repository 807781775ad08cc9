/**
 * The layers of a small convolutional network. The channels of a place lie side by side, so that a convolution is one
 * product of matrices with the weights as they come.
 */

export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** `filters` as [out][in], so that both factors of a sum are read in order. */
export interface Dense {
  readonly inputs: number;
  readonly outputs: number;
  readonly filters: Float64Array;
  readonly bias: Float64Array;
}

/** From [in][out]. */
export function dense(filters: Float64Array, bias: Float64Array): Dense {
  const outputs = bias.length;
  const inputs = filters.length / outputs;
  const turned = new Float64Array(filters.length);
  for (let input = 0; input < inputs; input += 1)
    for (let output = 0; output < outputs; output += 1)
      turned[output * inputs + input] = filters[input * outputs + output] ?? 0;
  return { inputs, outputs, filters: turned, bias };
}

/**
 * `to` [rows][outputs] = `from` [rows][inputs] · filters + bias. Two rows and four outputs at a time: as many sums as
 * stay in registers, each value read once for several of them. Rows are an even number or one is computed twice; outputs
 * beyond a multiple of four are computed one by one.
 */
export function multiply(from: Float64Array, rows: number, layer: Dense, to: Float64Array): void {
  const { inputs, outputs, filters, bias } = layer;
  const blocks = outputs - (outputs % 4);
  for (let pair = 0; pair < rows; pair += 2) {
    const row = rows > 1 ? Math.min(pair, rows - 2) : 0;
    const next = rows > 1 ? row + 1 : row;
    const [r0, r1] = [row * inputs, next * inputs];
    const [t0, t1] = [row * outputs, next * outputs];
    for (let output = 0; output < blocks; output += 4) {
      const f0 = output * inputs;
      const f1 = f0 + inputs;
      const f2 = f1 + inputs;
      const f3 = f2 + inputs;
      let a0 = bias[output] ?? 0;
      let a1 = bias[output + 1] ?? 0;
      let a2 = bias[output + 2] ?? 0;
      let a3 = bias[output + 3] ?? 0;
      let [b0, b1, b2, b3] = [a0, a1, a2, a3];
      for (let k = 0; k < inputs; k += 1) {
        const a = from[r0 + k] ?? 0;
        const b = from[r1 + k] ?? 0;
        const w0 = filters[f0 + k] ?? 0;
        const w1 = filters[f1 + k] ?? 0;
        const w2 = filters[f2 + k] ?? 0;
        const w3 = filters[f3 + k] ?? 0;
        a0 += a * w0;
        b0 += b * w0;
        a1 += a * w1;
        b1 += b * w1;
        a2 += a * w2;
        b2 += b * w2;
        a3 += a * w3;
        b3 += b * w3;
      }
      to[t0 + output] = a0;
      to[t0 + output + 1] = a1;
      to[t0 + output + 2] = a2;
      to[t0 + output + 3] = a3;
      to[t1 + output] = b0;
      to[t1 + output + 1] = b1;
      to[t1 + output + 2] = b2;
      to[t1 + output + 3] = b3;
    }
    for (let output = blocks; output < outputs; output += 1) {
      let a = bias[output] ?? 0;
      let b = a;
      for (let k = 0; k < inputs; k += 1) {
        const weight = filters[output * inputs + k] ?? 0;
        a += (from[r0 + k] ?? 0) * weight;
        b += (from[r1 + k] ?? 0) * weight;
      }
      to[t0 + output] = a;
      to[t1 + output] = b;
    }
  }
}

/** A convolution of 3 × 3 without a border: what comes out is two smaller each way. */
export function convolve3(from: Planes, layer: Dense): Planes {
  const { channels } = from;
  const [width, height] = [from.width - 2, from.height - 2];
  const data = new Float64Array(width * height * layer.outputs);
  const patches = new Float64Array(width * layer.inputs);
  const line = 3 * channels;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1)
      for (let dy = 0; dy < 3; dy += 1) {
        const at = ((y + dy) * from.width + x) * channels;
        const place = x * layer.inputs + dy * line;
        for (let k = 0; k < line; k += 1) patches[place + k] = from.data[at + k] ?? 0;
      }
    const row = y * width * layer.outputs;
    multiply(patches, width, layer, data.subarray(row, row + width * layer.outputs));
  }
  return { width, height, channels: layer.outputs, data };
}

/** Each channel with its own 3 × 3, zeros beyond the border. `filters` as [3][3][channel]. */
export function depthwise3(from: Planes, filters: Float64Array): Planes {
  const { width, height, channels } = from;
  const data = new Float64Array(from.data.length);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const to = (y * width + x) * channels;
      for (let dy = Math.max(0, 1 - y); dy < Math.min(3, height + 1 - y); dy += 1)
        for (let dx = Math.max(0, 1 - x); dx < Math.min(3, width + 1 - x); dx += 1) {
          const at = ((y + dy - 1) * width + x + dx - 1) * channels;
          const filter = (dy * 3 + dx) * channels;
          for (let k = 0; k < channels; k += 1)
            data[to + k] = (data[to + k] ?? 0) + (from.data[at + k] ?? 0) * (filters[filter + k] ?? 0);
        }
    }
  return { width, height, channels, data };
}

export function pointwise(from: Planes, layer: Dense): Planes {
  const { width, height } = from;
  const data = new Float64Array(width * height * layer.outputs);
  multiply(from.data, width * height, layer, data);
  return { width, height, channels: layer.outputs, data };
}

/** The largest of each 2 × 2, at a border of what is there. */
export function maxPool2(from: Planes, stride: 1 | 2): Planes {
  const { channels } = from;
  const [width, height] = [Math.ceil(from.width / stride), Math.ceil(from.height / stride)];
  const data = new Float64Array(width * height * channels);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const to = (y * width + x) * channels;
      const at = (y * stride * from.width + x * stride) * channels;
      const right = x * stride + 1 < from.width ? at + channels : at;
      const down = y * stride + 1 < from.height ? from.width * channels : 0;
      for (let k = 0; k < channels; k += 1)
        data[to + k] = Math.max(
          from.data[at + k] ?? 0,
          from.data[right + k] ?? 0,
          from.data[at + down + k] ?? 0,
          from.data[right + down + k] ?? 0,
        );
    }
  return { width, height, channels, data };
}

/** In place. */
export function leakyRelu(planes: Planes): Planes {
  const { data } = planes;
  for (let k = 0; k < data.length; k += 1) {
    const value = data[k] ?? 0;
    if (value < 0) data[k] = value * 0.1;
  }
  return planes;
}
