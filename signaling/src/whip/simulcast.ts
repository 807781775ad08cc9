/** The layers of one picture that an encoder sends at once (RFC 8853), in the order the SFU counts them. */
import type { MediaDescription } from 'sdp-transform';

/** As many as the stage has otherwise; viewers choose among these. */
const maxLayers = 3;

/** Names of a smallest layer in the lists that begin with it, as browsers' encoders are commonly set up. */
const smallest = /^(q|l|low|small|r0)$/i;

/**
 * The names of the layers we take, smallest first; empty without simulcast. SDP does not say which is which: RFC 8853
 * puts the preferred one first, and OBS the largest, so a list is turned round unless its first name says otherwise.
 */
export function offeredLayers(media: MediaDescription): string[] {
  const sent = listOf(media);
  const known = sent.filter((rid) =>
    (media.rids ?? []).some(({ id, direction }) => String(id) === rid && direction === 'send'),
  );
  const distinct = [...new Set(known)];
  if (distinct.length < 2) return distinct;
  const ascending = smallest.test(distinct[0] ?? '') ? distinct : distinct.reverse();
  if (ascending.length <= maxLayers) return ascending;
  const middle = ascending[Math.floor((ascending.length - 1) / 2)];
  return [ascending[0], middle, ascending.at(-1)].filter((rid) => rid !== undefined);
}

/** Of alternatives for one layer the first; `~` marks one that begins paused. */
function listOf({ simulcast }: MediaDescription): string[] {
  const list =
    simulcast?.dir1 === 'send' ? simulcast.list1 : simulcast?.dir2 === 'send' ? simulcast.list2 : undefined;
  if (list === undefined) return [];
  return String(list)
    .split(';')
    .map((alternatives) => (alternatives.split(',')[0] ?? '').replace(/^~/, ''))
    .filter((rid) => /^[A-Za-z0-9_-]{1,32}$/.test(rid));
}
