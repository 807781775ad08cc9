/**
 * The contract bounds shape and size of what is negotiated; the words inside (which hash, which header extension) are
 * the SFU's and mediasoup-client's own, who check them themselves. Here, and nowhere else, one is taken for the other.
 */
import type {
  DtlsParameters,
  RtpParameters,
  TransportOptions as DeviceTransportOptions,
} from 'mediasoup-client/types';
import type { IceServer, RtpParametersJson, TransportOptions } from '@keshi/contract/media';

export function deviceTransport(
  options: TransportOptions,
  iceServers: readonly IceServer[],
): DeviceTransportOptions {
  return {
    ...options,
    dtlsParameters: options.dtlsParameters as DtlsParameters,
    iceServers: iceServers.map(({ urls, username, credential }) => ({
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    })),
  };
}

export const deviceParameters = (parameters: RtpParametersJson): RtpParameters => parameters as RtpParameters;
