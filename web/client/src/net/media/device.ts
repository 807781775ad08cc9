/** mediasoup-client's Device, loaded once per page from the capabilities every router of ours is known to have. */
import { Device } from 'mediasoup-client';
import type { RtpCapabilities } from 'mediasoup-client/types';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';

let loading: Promise<Device> | undefined;

/** Rejects where the browser has no usable WebRTC; the next call tries again. */
export function mediaDevice(): Promise<Device> {
  loading ??= (async () => {
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: routerRtpCapabilities as RtpCapabilities });
    return device;
  })();
  loading.catch(() => (loading = undefined));
  return loading;
}
