import type { RosterRow } from '@keshi/contract/signaling';
import { maskName } from '@keshi/db/crypto';
import { memberOf, personOf, type Classroom } from './classroom.ts';

export interface RosterQuery {
  /** Part of a name; empty for all. */
  query: string;
  offset: number;
  limit: number;
  /** Observers read masked names. */
  masked: boolean;
}

/** Hands first, then those who are here, then the rest; within that by name. */
export function rosterPage(room: Classroom, asked: RosterQuery): { total: number; rows: RosterRow[] } {
  const ids = new Set([...room.enrolled.keys(), ...room.online.keys()]);
  const wanted = asked.query.trim().toLowerCase();
  const rows: RosterRow[] = [];
  for (const userId of ids) {
    const { name, role } = personOf(room, userId);
    if (wanted && !name.toLowerCase().includes(wanted)) continue;
    const member = memberOf(room, userId);
    rows.push({
      userId,
      name,
      role,
      online: room.online.has(userId),
      onStage: member.stage === 'on',
      handRaised: member.handRaisedAt !== null,
      mutedUntil: member.mutedUntil,
      banned: member.bannedAt !== null,
    });
  }
  const rank = (row: RosterRow) => (row.handRaised ? 0 : row.online ? 1 : 2);
  rows.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const page = rows.slice(asked.offset, asked.offset + asked.limit);
  return {
    total: rows.length,
    rows: asked.masked ? page.map((row) => ({ ...row, name: maskName(row.name) })) : page,
  };
}
