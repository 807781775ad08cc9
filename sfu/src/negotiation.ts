/**
 * From the contract's bounded JSON to mediasoup's narrower types. What mediasoup would not know is left out or
 * refused here; the rest of the inside is validated by mediasoup itself.
 */
import { AppError } from '@keshi/runtime/errors';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import type { DtlsParametersJson, RtpCapabilitiesJson, RtpParametersJson } from '@keshi/contract/media';
import { getSupportedRtpCapabilities, type types } from 'mediasoup';

const knownUris: ReadonlySet<string> = new Set(
  getSupportedRtpCapabilities().headerExtensions?.map(({ uri }) => uri),
);
const isKnownUri = (uri: string): uri is types.RtpHeaderExtensionUri => knownUris.has(uri);

const algorithms: readonly string[] = ['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'];
const isAlgorithm = (name: string): name is types.FingerprintAlgorithm => algorithms.includes(name);

/**
 * A viewer's capabilities. Throws `media-refused` when it shares no codec with our routers: it could never receive
 * anything, and should be told so at once.
 */
export function toRtpCapabilities(json: RtpCapabilitiesJson): types.RtpCapabilities {
  const codecs: types.RtpCodecCapability[] = [];
  for (const { preferredPayloadType, ...codec } of json.codecs ?? []) {
    if (preferredPayloadType === undefined)
      throw new AppError('media-refused', { message: 'a codec without payload type' });
    codecs.push({ ...codec, preferredPayloadType });
  }
  const ours: readonly string[] = routerRtpCapabilities.codecs.map(({ mimeType }) => mimeType.toLowerCase());
  const isMedia = (mimeType: string) => !mimeType.toLowerCase().endsWith('/rtx');
  if (!codecs.some(({ mimeType }) => isMedia(mimeType) && ours.includes(mimeType.toLowerCase())))
    throw new AppError('media-refused', { message: 'no codec in common' });
  const headerExtensions: types.RtpHeaderExtension[] = [];
  for (const { kind, uri, ...rest } of json.headerExtensions ?? [])
    if (kind && isKnownUri(uri)) headerExtensions.push({ kind, uri, ...rest });
  return { codecs, headerExtensions };
}

/** A publisher's parameters; header extensions mediasoup does not know are left out. */
export function toRtpParameters({
  headerExtensions = [],
  rtcp,
  ...rest
}: RtpParametersJson): types.RtpParameters {
  const known: types.RtpHeaderExtensionParameters[] = [];
  for (const { uri, ...extension } of headerExtensions)
    if (isKnownUri(uri)) known.push({ uri, ...extension });
  return { ...rest, headerExtensions: known, rtcp: { cname: rtcp?.cname, reducedSize: rtcp?.reducedSize } };
}

/** Throws `media-refused` when no fingerprint uses an algorithm we know. */
export function toDtlsParameters({ role, fingerprints }: DtlsParametersJson): types.DtlsParameters {
  const known: types.DtlsFingerprint[] = [];
  for (const { algorithm, value } of fingerprints)
    if (isAlgorithm(algorithm)) known.push({ algorithm, value });
  if (known.length === 0) throw new AppError('media-refused', { message: 'no known DTLS fingerprint' });
  return { role, fingerprints: known };
}

/**
 * Runs one step of negotiation. What mediasoup refuses while its router lives is the page's doing (`media-refused`);
 * when the router is gone it is ours (`media-unavailable`, worth trying again at once).
 */
export async function negotiate<T>(router: types.Router, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (router.closed) throw new AppError('media-unavailable', { cause, retryMs: 1000 });
    throw new AppError('media-refused', {
      cause,
      message: cause instanceof Error ? cause.message : undefined,
    });
  }
}
