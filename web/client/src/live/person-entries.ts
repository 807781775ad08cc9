import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';
import type { MenuEntry } from '#ui/Menu.svelte';
import type { Perform } from './asking.ts';
import type { LiveClass } from './live-class.svelte.ts';

const shortMuteMinutes = 10;

/** What the host may do about a learner, the same from the chat as from the roster. */
export function moderationEntries(
  { live, perform, t }: { live: Pick<LiveClass, 'ask'>; perform: Perform; t: Catalogue },
  person: { userId: string; muted: boolean; banned: boolean },
): MenuEntry[] {
  const { userId } = person;
  const mute = (minutes: number | null) => () =>
    void perform(() => live.ask('member.mute', { userId, minutes }));
  const ban = (banned: boolean) => () => void perform(() => live.ask('member.ban', { userId, banned }));
  return [
    ...(person.muted
      ? [{ kind: 'item', label: t.live.unmute, run: mute(0) } satisfies MenuEntry]
      : [
          {
            kind: 'item',
            label: t.live.muteFor(shortMuteMinutes),
            run: mute(shortMuteMinutes),
          } satisfies MenuEntry,
          { kind: 'item', label: t.live.muteForClass, run: mute(null) } satisfies MenuEntry,
        ]),
    { kind: 'line' },
    person.banned
      ? { kind: 'item', label: t.live.unban, run: ban(false) }
      : { kind: 'item', label: t.live.ban, danger: true, run: ban(true) },
  ];
}
