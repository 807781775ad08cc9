/**
 * A network as an ONNX graph, written node by node. Pictures are [n, channels, height, width] here, while the weights
 * are TensorFlow's [height, width, in, out]: they are turned once, when they are added.
 */
import { createMessage, type Message } from './protobuf.ts';
import type { Weight } from './weights.ts';

/** The name of what a node yields. */
export type Value = string;

/** Top, left, bottom, right. */
export type Padding = readonly [number, number, number, number];

export interface ConvOptions {
  readonly stride?: number;
  readonly pads?: Padding;
  readonly groups?: number;
}

export interface Graph {
  readonly input: Value;
  conv(from: Value, filters: Weight, bias: Float32Array, options?: ConvOptions): Value;
  /** Each channel by itself, without a bias: a pointwise convolution follows that has one. */
  depthwise(from: Value, filters: Weight, options: { stride: number; pads: Padding }): Value;
  relu(from: Value): Value;
  leakyRelu(from: Value, slope: number): Value;
  add(a: Value, b: Value): Value;
  maxPool(from: Value, options: { size: number; stride: number; pads?: Padding }): Value;
  /** Appends zeros below and to the right. */
  extend(from: Value, rows: number, columns: number): Value;
  /** The mean of each channel, as a vector. */
  mean(from: Value): Value;
  /** A vector times a matrix [in, out]. */
  dense(from: Value, weights: Weight, bias: Float32Array | null): Value;
  /** The finished model. */
  model(output: Value): Uint8Array;
}

type Attribute = { name: string } & (
  { integer: number } | { float: number } | { integers: readonly number[] }
);

const irVersion = 8;
const opsetVersion = 13;
const dataType = { float: 1, int64: 7 } as const;
const attributeType = { float: 1, integer: 2, integers: 7 } as const;

/** `size` is null where the graph takes any. */
export function createGraph(name: string, inputSize: { height: number | null; width: number | null }): Graph {
  const graph = createMessage();
  graph.text(2, name);
  let made = 0;

  function tensor(kind: keyof typeof dataType, dims: readonly number[], raw: Uint8Array): Value {
    const value = `w${made++}`;
    const message = createMessage();
    for (const size of dims) message.integer(1, size);
    message.integer(2, dataType[kind]);
    message.text(8, value);
    message.bytes(9, raw);
    graph.message(5, message);
    return value;
  }
  const floats = (dims: readonly number[], data: Float32Array) =>
    tensor('float', dims, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

  function node(operator: string, inputs: readonly Value[], attributes: readonly Attribute[] = []): Value {
    const value = `v${made++}`;
    const message = createMessage();
    for (const input of inputs) message.text(1, input);
    message.text(2, value);
    message.text(4, operator);
    for (const attribute of attributes) message.message(5, attributeMessage(attribute));
    graph.message(1, message);
    return value;
  }

  function convolve(
    from: Value,
    weights: Value,
    bias: readonly Value[],
    kernel: readonly [number, number],
    { stride = 1, pads = [0, 0, 0, 0], groups = 1 }: ConvOptions,
  ): Value {
    return node(
      'Conv',
      [from, weights, ...bias],
      [
        { name: 'kernel_shape', integers: kernel },
        { name: 'strides', integers: [stride, stride] },
        { name: 'pads', integers: pads },
        { name: 'group', integer: groups },
      ],
    );
  }

  return {
    input: 'picture',
    conv(from, filters, bias, options = {}) {
      const { dims, data } = outInHeightWidth(filters);
      return convolve(from, floats(dims, data), [floats([bias.length], bias)], kernelOf(filters), options);
    },
    depthwise(from, filters, options) {
      const [height, width] = kernelOf(filters);
      const channels = filters.shape[2] ?? 0;
      // TensorFlow keeps one filter per channel where ONNX has as many groups.
      const { data } = outInHeightWidth({ shape: [height, width, 1, channels], data: filters.data });
      const weights = floats([channels, 1, height, width], data);
      return convolve(from, weights, [], [height, width], { ...options, groups: channels });
    },
    relu: (from) => node('Relu', [from]),
    leakyRelu: (from, slope) => node('LeakyRelu', [from], [{ name: 'alpha', float: slope }]),
    add: (a, b) => node('Add', [a, b]),
    maxPool: (from, { size, stride, pads = [0, 0, 0, 0] }) =>
      node(
        'MaxPool',
        [from],
        [
          { name: 'kernel_shape', integers: [size, size] },
          { name: 'strides', integers: [stride, stride] },
          { name: 'pads', integers: pads },
        ],
      ),
    extend(from, rows, columns) {
      const pads = BigInt64Array.from([0, 0, 0, 0, 0, 0, rows, columns].map(BigInt));
      return node('Pad', [from, tensor('int64', [8], new Uint8Array(pads.buffer))]);
    },
    mean: (from) => node('Flatten', [node('GlobalAveragePool', [from])], [{ name: 'axis', integer: 1 }]),
    dense(from, weights, bias) {
      const inputs = [from, floats(weights.shape, weights.data)];
      if (bias) inputs.push(floats([bias.length], bias));
      return node('Gemm', inputs);
    },
    model(output) {
      const { height, width } = inputSize;
      graph.message(11, valueInfo('picture', ['n', 3, height ?? 'height', width ?? 'width']));
      graph.message(12, valueInfo(output, null));
      const model = createMessage();
      model.integer(1, irVersion);
      model.text(2, 'keshi');
      model.message(7, graph);
      const opset = createMessage();
      opset.text(1, '');
      opset.integer(2, opsetVersion);
      model.message(8, opset);
      return model.finish();
    },
  };
}

function kernelOf({ shape }: Weight): [number, number] {
  const [height = 0, width = 0] = shape;
  return [height, width];
}

function outInHeightWidth({ shape, data }: Weight): { dims: number[]; data: Float32Array } {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = shape;
  const turned = new Float32Array(data.length);
  let from = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let i = 0; i < inputs; i++)
        for (let o = 0; o < outputs; o++)
          turned[((o * inputs + i) * height + y) * width + x] = data[from++] ?? 0;
  return { dims: [outputs, inputs, height, width], data: turned };
}

function attributeMessage(attribute: Attribute): Message {
  const message = createMessage();
  message.text(1, attribute.name);
  if ('float' in attribute) {
    message.float(2, attribute.float);
    message.integer(20, attributeType.float);
  } else if ('integer' in attribute) {
    message.integer(3, attribute.integer);
    message.integer(20, attributeType.integer);
  } else {
    for (const value of attribute.integers) message.integer(8, value);
    message.integer(20, attributeType.integers);
  }
  return message;
}

function valueInfo(name: string, dims: readonly (number | string)[] | null): Message {
  const tensor = createMessage();
  tensor.integer(1, dataType.float);
  if (dims) {
    const shape = createMessage();
    for (const size of dims) {
      const dimension = createMessage();
      if (typeof size === 'number') dimension.integer(1, size);
      else dimension.text(2, size);
      shape.message(1, dimension);
    }
    tensor.message(2, shape);
  }
  const type = createMessage();
  type.message(1, tensor);
  const info = createMessage();
  info.text(1, name);
  info.message(2, type);
  return info;
}
