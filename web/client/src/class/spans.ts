import type { TimelineSpan } from '@keshi/contract/domain';
import type { Format } from '#i18n/format.ts';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';
import type { Segment } from '#ui/TimelineBar.svelte';

const looks: Record<TimelineSpan['kind'], Segment['look']> = {
  counted: 'counted',
  bridged: 'bridged',
  absent: 'gap',
  pause: 'pause',
};

/** What a stretch was, in a few words. In a record, what counted is counted, and no longer counting. */
export function wordsOf({ kind, reason }: Pick<TimelineSpan, 'kind' | 'reason'>, t: Catalogue): string {
  return reason === 'counting' ? t.learn.timeline.kinds[kind] : t.reasons[reason].chip;
}

/** A learner's spans as segments of a bar, each with its times and its reason in words. */
export function segmentsOf(spans: readonly TimelineSpan[], t: Catalogue, fmt: Format): Segment[] {
  return spans.map(({ from, to, kind, reason }) => ({
    from,
    to,
    look: looks[kind],
    title: `${fmt.timeSeconds(from)}–${fmt.timeSeconds(to)} · ${fmt.span(to - from)} · ${wordsOf({ kind, reason }, t)}`,
  }));
}
