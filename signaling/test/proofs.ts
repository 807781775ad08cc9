/** What learners did, noted by the test itself: what is stored must say the same, worked out independently [AT2, AT3]. */
import { intervalsOfPerson } from '@keshi/db/presence';
import type { Db } from '@keshi/db/client';
import type { Person } from './harness.ts';

export interface Span {
  from: number;
  to: number;
}

export interface Proofs {
  /** This learner proved presence at this moment. */
  note(person: Person, at: number): void;
  spans(person: Person): Span[];
}

export function createProofs(): Proofs {
  const moments = new Map<string, number[]>();
  return {
    note(person, at) {
      moments.set(person.id, [...(moments.get(person.id) ?? []), at]);
    },
    spans: (person) =>
      together(
        (moments.get(person.id) ?? []).map((at) => ({ from: at, to: at })),
        30_000,
      ),
  };
}

/** What is stored of a person's presence, as one line of time. */
export async function storedSpans(db: Db, classId: string, { id }: Person): Promise<Span[]> {
  const rows = await intervalsOfPerson(db, classId, id);
  return together(
    rows.map(({ from, lastProof }) => ({ from, to: lastProof })),
    0,
  );
}

function together(spans: readonly Span[], gap: number): Span[] {
  const lines: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = lines.at(-1);
    if (last && span.from - last.to <= gap) last.to = Math.max(last.to, span.to);
    else lines.push({ ...span });
  }
  return lines;
}
