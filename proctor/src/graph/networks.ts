/**
 * The three networks of face-api.js, from the same weights, with less to do: scale layers are folded into the
 * convolutions before them, the detector takes pictures that are not square, and what ONNX Runtime can fuse (biases,
 * activations, the additions of residual blocks) stands where it finds it. Outputs agree with the library's own.
 */
import { createGraph, type Graph, type Padding, type Value } from './graph.ts';
import type { Weight, Weights } from './weights.ts';

const around: Padding = [1, 1, 1, 1];
/** What TensorFlow's "same" means for a stride of 2 and an even size, and for a window of 2. */
const after: Padding = [0, 0, 1, 1];

/** Any picture whose sides are multiples of 32 and at least 64 → [n, 25, height / 32, width / 32]. */
export function detectorModel(weights: Weights): Uint8Array {
  const graph = createGraph('detector', { height: null, width: null });
  const bias = (layer: number) => weights.get(`conv${layer}/bias`, 1).data;
  let value = graph.conv(graph.input, weights.get('conv0/filters', 4), bias(0));
  for (let layer = 0; layer <= 5; layer++) {
    if (layer > 0) {
      const depthwise = weights.get(`conv${layer}/depthwise_filter`, 4);
      value = graph.depthwise(value, depthwise, { stride: 1, pads: around });
      value = graph.conv(value, weights.get(`conv${layer}/pointwise_filter`, 4), bias(layer));
    }
    value = graph.leakyRelu(value, 0.1);
    // The first layer takes a border off, so what comes to the second pool is one short of an even size.
    if (layer === 1) value = graph.maxPool(value, { size: 2, stride: 2, pads: after });
    else if (layer === 5) value = graph.maxPool(value, { size: 2, stride: 1, pads: after });
    else value = graph.maxPool(value, { size: 2, stride: 2 });
  }
  return graph.model(graph.conv(value, weights.get('conv8/filters', 4), bias(8)));
}

/** [n, 3, 112, 112] → [n, 136]: x and y of 68 points, each as a share of the side. */
export function landmarksModel(weights: Weights): Uint8Array {
  const graph = createGraph('landmarks', { height: 112, width: 112 });
  const separable = (from: Value, name: string, stride: number): Value => {
    const pads = stride === 2 ? after : around;
    const each = graph.depthwise(from, weights.get(`${name}/depthwise_filter`, 4), { stride, pads });
    return graph.conv(each, weights.get(`${name}/pointwise_filter`, 4), weights.get(`${name}/bias`, 1).data);
  };
  let value = graph.input;
  for (const block of ['dense0', 'dense1', 'dense2', 'dense3']) {
    const first =
      block === 'dense0'
        ? graph.conv(
            value,
            weights.get('dense0/conv0/filters', 4),
            weights.get('dense0/conv0/bias', 1).data,
            {
              stride: 2,
              pads: after,
            },
          )
        : separable(value, `${block}/conv0`, 2);
    const a = graph.relu(first);
    const ab = graph.add(separable(a, `${block}/conv1`, 1), a);
    const abc = graph.add(separable(graph.relu(ab), `${block}/conv2`, 1), ab);
    value = graph.relu(graph.add(separable(graph.relu(abc), `${block}/conv3`, 1), abc));
  }
  const points = graph.dense(graph.mean(value), weights.get('fc/weights', 2), weights.get('fc/bias', 1).data);
  return graph.model(points);
}

const residualBlocks = [
  ['conv32_1', 'conv32_2', 'conv32_3'],
  ['conv64_down', 'conv64_1', 'conv64_2', 'conv64_3'],
  ['conv128_down', 'conv128_1', 'conv128_2'],
  ['conv256_down', 'conv256_1', 'conv256_2', 'conv256_down_out'],
].flat();

/** [n, 3, 150, 150] → [n, 128]. */
export function descriptorModel(weights: Weights): Uint8Array {
  const graph = createGraph('descriptor', { height: 150, width: 150 });
  const conv = (from: Value, name: string, stride: number, pads?: Padding) => {
    const { filters, bias } = folded(weights, name);
    return graph.conv(from, filters, bias, pads ? { stride, pads } : { stride });
  };
  let value = graph.relu(conv(graph.input, 'conv32_down', 2));
  value = graph.maxPool(value, { size: 3, stride: 2 });
  let size = 35;
  let channels = 32;
  for (const block of residualBlocks) {
    const down = block.includes('down');
    const first = graph.relu(
      down ? conv(value, `${block}/conv1`, 2) : conv(value, `${block}/conv1`, 1, around),
    );
    const inner = conv(first, `${block}/conv2`, 1, around);
    if (!down) {
      value = graph.relu(graph.add(inner, value));
      continue;
    }
    const outputs = weights.get(`${block}/conv2/conv/bias`, 1).shape[0] ?? 0;
    const short = halved(graph, value, channels, outputs);
    const missing = Math.floor(size / 2) - Math.floor((size - 1) / 2);
    value = graph.relu(graph.add(missing > 0 ? graph.extend(inner, missing, missing) : inner, short));
    size = Math.floor(size / 2);
    channels = outputs;
  }
  return graph.model(graph.dense(graph.mean(value), weights.get('fc', 2), null));
}

/** A convolution and the scale layer behind it as one convolution. */
function folded(weights: Weights, name: string): { filters: Weight; bias: Float32Array } {
  const filters = weights.get(`${name}/conv/filters`, 4);
  const scale = weights.get(`${name}/scale/weights`, 1).data;
  const shift = weights.get(`${name}/scale/biases`, 1).data;
  const outputs = scale.length;
  const at = (list: Float32Array, index: number) => list[index] ?? 0;
  return {
    filters: {
      shape: filters.shape,
      data: filters.data.map((value, index) => value * at(scale, index % outputs)),
    },
    bias: weights
      .get(`${name}/conv/bias`, 1)
      .data.map((value, index) => value * at(scale, index) + at(shift, index)),
  };
}

/**
 * The mean of each 2 × 2 and zeros for the channels that are new, as a convolution: pooling and padding by themselves
 * would take ONNX Runtime out of the memory layout it computes convolutions in.
 */
function halved(graph: Graph, from: Value, inputs: number, outputs: number): Value {
  const data = new Float32Array(4 * inputs * outputs);
  for (let place = 0; place < 4; place++)
    for (let channel = 0; channel < inputs; channel++)
      data[(place * inputs + channel) * outputs + channel] = 0.25;
  return graph.conv(from, { shape: [2, 2, inputs, outputs], data }, new Float32Array(outputs), { stride: 2 });
}
