/**
 * Tells how high an element is shown, in device pixels, and `null` while it is not on screen: what is not looked at
 * need not be sent. Answers are given at most once per change of a sixth in size, so that a drag asks for little.
 */
import type { Attachment } from 'svelte/attachments';

export function displayed(tell: (height: number | null) => void): Attachment<HTMLElement> {
  return (element) => {
    let inView = true;
    let height = 0;
    let told: number | null | undefined;
    const say = () => {
      const next = inView && height > 0 ? height * window.devicePixelRatio : null;
      const near = told && next && Math.abs(next - told) < told / 6;
      if (next === told || near) return;
      told = next;
      tell(next);
    };
    const sizes = new ResizeObserver(([entry]) => {
      height = entry?.contentRect.height ?? 0;
      say();
    });
    const views = new IntersectionObserver(([entry]) => {
      inView = entry?.isIntersecting ?? true;
      say();
    });
    sizes.observe(element);
    views.observe(element);
    return () => {
      sizes.disconnect();
      views.disconnect();
    };
  };
}
