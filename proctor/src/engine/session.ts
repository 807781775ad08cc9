/** One network, ready to run on one core. */
import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface Network {
  /** `dims` are [n, channels, height, width]. */
  run(picture: Float32Array, dims: readonly [number, number, number, number]): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Rejects when the runtime does not take the model; there is nothing slower it could fall back to. */
export async function openNetwork(model: Uint8Array): Promise<Network> {
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1' } },
  });
  const [output] = session.outputNames;
  if (output === undefined) throw new Error('the model has no output');
  return {
    async run(picture, dims) {
      const results = await session.run({ picture: new Tensor('float32', picture, dims) });
      const data = results[output]?.data;
      if (!(data instanceof Float32Array)) throw new Error('the model answered something else');
      return data;
    },
    close: () => session.release(),
  };
}
