/** What one look at the camera's picture says. */
import type { Face } from './face-network.ts';
import type { Light } from './pixels.ts';

export interface Sight {
  /** 0, 1, or more than one. */
  readonly faces: number;
  /** Too dark or too even to show anybody, as with something before the lens. */
  readonly covered: boolean;
  /** As good as every pixel is that of the last picture: no camera's noise allows that. */
  readonly same: boolean;
}

/** A look at what came from the camera, or that nothing came, or that nothing can be said of it. */
export type Look = { readonly at: number } & (
  ({ readonly kind: 'sight' } & Sight) | { readonly kind: 'no-picture' } | { readonly kind: 'unsaid' }
);

/** From here on somebody is there. Below it the network is mistaken more often than not. */
export const leastScore = 0.4;
/** A second face counts from this certainty and from this share of the first one's width, as it does for the server. */
const secondScore = 0.5;
const secondShare = 0.3;

const darkest = 20;
const evenest = 6;
/** A finger on the lens lets light through, but no edges. */
const smoothest = 1.2;
/** A camera that shows a still picture repeats it; only what compression leaves behind may differ. */
const mostDifference = 0.0005;

export function sightOf(faces: readonly Face[], light: Light, difference: number): Sight {
  const count = countOf(faces);
  const dull = light.brightness < darkest || light.contrast < evenest || light.roughness < smoothest;
  return {
    faces: count,
    // Whoever is seen is not covered, however little light there is.
    covered: count === 0 && dull,
    same: difference <= mostDifference,
  };
}

/** `faces` are the surest first. */
function countOf(faces: readonly Face[]): number {
  const there = faces.filter(({ score }) => score >= leastScore);
  const [first, ...others] = there.toSorted((a, b) => b.width - a.width);
  if (!first) return 0;
  const sure = others.filter(
    ({ score, width }) => score >= secondScore && width >= secondShare * first.width,
  );
  return 1 + sure.length;
}
