import type { RequestHandler } from 'express';
import helmet from 'helmet';

interface Options {
  /** CSP sources of the inline scripts of the pages. */
  scriptHashes: readonly string[];
  publicUrl: string;
  /** Signaling's own address when it is not the pages' origin. */
  signalingUrl: string | null;
  /** Where packages of courseware are shown from. */
  coursewareUrl: string | null;
  /** Whether people come over https: only then browsers are told to insist on it. */
  https: boolean;
}

/** What a browser may do with our pages: run our own scripts, talk to us, use camera, microphone and screen here. */
export function securityHeaders(options: Options): RequestHandler[] {
  const { scriptHashes, publicUrl, signalingUrl, coursewareUrl, https } = options;
  const asSocket = (url: string) => new URL(url).origin.replace(/^http/, 'ws');
  const signaling = signalingUrl === null ? [] : [new URL(signalingUrl).origin, asSocket(signalingUrl)];
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'", ...scriptHashes],
          // Positions and sizes are set on elements while they are drawn.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          mediaSrc: ["'self'", 'blob:', 'mediastream:'],
          fontSrc: ["'self'", 'data:'],
          // Current browsers let 'self' cover the WebSocket of the same host; older Safari wants it by name.
          connectSrc: ["'self'", asSocket(publicUrl), ...signaling],
          frameSrc: ["'self'", ...(coursewareUrl === null ? [] : [new URL(coursewareUrl).origin])],
          workerSrc: ["'self'", 'blob:'],
          manifestSrc: ["'self'"],
          objectSrc: ["'none'"],
          baseUri: ["'self'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          ...(https ? { upgradeInsecureRequests: [] } : {}),
        },
      },
      // A browser would remember it for every other program on this machine's localhost as well.
      strictTransportSecurity:
        https && new URL(publicUrl).hostname !== 'localhost'
          ? { maxAge: 31_536_000, includeSubDomains: false }
          : false,
      // The origin header of our own requests is needed for the check of their origin.
      referrerPolicy: { policy: 'same-origin' },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      xFrameOptions: { action: 'deny' },
    }),
    (_req, res, next) => {
      res.setHeader(
        'Permissions-Policy',
        'camera=(self), microphone=(self), display-capture=(self), picture-in-picture=(self), fullscreen=(self), ' +
          'autoplay=(self), screen-wake-lock=(self), geolocation=(), payment=(), usb=(), bluetooth=(), midi=()',
      );
      next();
    },
  ];
}
