/**
 * Shapes of WebRTC negotiation as they cross a process. mediasoup and mediasoup-client validate the inside of
 * RTP capabilities and parameters themselves (their `ortc` modules); here we bound shape and size.
 */
import { z } from 'zod';
import { id, mediaSource } from './domain.ts';

export const mediaKind = z.enum(['audio', 'video']);

const rtcpFeedback = z.object({ type: z.string().max(32), parameter: z.string().max(64).optional() });
const codecParameters = z.record(z.string().max(64), z.unknown());
const headerExtension = z.object({
  kind: mediaKind.optional(),
  uri: z.string().max(128),
  preferredId: z.int(),
  preferredEncrypt: z.boolean().optional(),
  direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
});

export const rtpCapabilities = z.object({
  codecs: z
    .array(
      z.object({
        kind: mediaKind,
        mimeType: z.string().max(64),
        preferredPayloadType: z.int().optional(),
        clockRate: z.int(),
        channels: z.int().optional(),
        parameters: codecParameters.optional(),
        rtcpFeedback: z.array(rtcpFeedback).max(32).optional(),
      }),
    )
    .max(64)
    .optional(),
  headerExtensions: z.array(headerExtension).max(64).optional(),
});
export type RtpCapabilitiesJson = z.infer<typeof rtpCapabilities>;

export const rtpParameters = z.object({
  mid: z.string().max(32).optional(),
  msid: z.string().max(256).optional(),
  codecs: z
    .array(
      z.object({
        mimeType: z.string().max(64),
        payloadType: z.int(),
        clockRate: z.int(),
        channels: z.int().optional(),
        parameters: codecParameters.optional(),
        rtcpFeedback: z.array(rtcpFeedback).max(32).optional(),
      }),
    )
    .min(1)
    .max(16),
  headerExtensions: z
    .array(
      z.object({
        uri: z.string().max(128),
        id: z.int(),
        encrypt: z.boolean().optional(),
        parameters: codecParameters.optional(),
      }),
    )
    .max(32)
    .optional(),
  encodings: z
    .array(
      z.object({
        ssrc: z.int().optional(),
        rid: z.string().max(32).optional(),
        codecPayloadType: z.int().optional(),
        rtx: z.object({ ssrc: z.int() }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z.string().max(32).optional(),
        scaleResolutionDownBy: z.number().optional(),
        maxBitrate: z.number().optional(),
        maxFramerate: z.number().optional(),
        adaptivePtime: z.boolean().optional(),
        priority: z.string().max(16).optional(),
        networkPriority: z.string().max(16).optional(),
        active: z.boolean().optional(),
      }),
    )
    .max(8)
    .optional(),
  rtcp: z
    .object({
      cname: z.string().max(256).optional(),
      reducedSize: z.boolean().optional(),
      mux: z.boolean().optional(),
    })
    .optional(),
});
export type RtpParametersJson = z.infer<typeof rtpParameters>;

export const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(z.object({ algorithm: z.string().max(16), value: z.string().max(256) }))
    .min(1)
    .max(8),
});
export type DtlsParametersJson = z.infer<typeof dtlsParameters>;

/** Produced by our own SFU, so its inside is passed through as mediasoup made it. */
export const transportOptions = z.object({
  id: z.string(),
  iceParameters: z.object({
    usernameFragment: z.string(),
    password: z.string(),
    iceLite: z.boolean().optional(),
  }),
  iceCandidates: z.array(
    z.object({
      foundation: z.string(),
      priority: z.number(),
      ip: z.string(),
      address: z.string(),
      protocol: z.enum(['udp', 'tcp']),
      port: z.int(),
      type: z.enum(['host', 'srflx', 'prflx', 'relay']),
      tcpType: z.enum(['active', 'passive', 'so']).optional(),
    }),
  ),
  dtlsParameters,
});
export type TransportOptions = z.infer<typeof transportOptions>;

export const iceServer = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof iceServer>;

/** One stage stream as a viewer receives it. A consumer starts flowing as soon as the transport is connected. */
export const consumerOptions = z.object({
  id: z.string(),
  producerId: z.string(),
  /** Who publishes it. */
  userId: id,
  source: mediaSource,
  kind: mediaKind,
  rtpParameters,
  /** The publisher has paused it (muted): shown as muted, not as broken. */
  producerPaused: z.boolean(),
  type: z.enum(['simple', 'simulcast', 'svc', 'pipe']),
});
export type ConsumerOptions = z.infer<typeof consumerOptions>;

export const preferredLayers = z.object({
  spatial: z.int().min(0).max(2),
  temporal: z.int().min(0).max(2).optional(),
});
export type PreferredLayers = z.infer<typeof preferredLayers>;
