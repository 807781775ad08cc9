/** [EX1] Answers that this device still has of an attempt that has ended: they are sent, and kept for a person to look at. */
import type { Api } from '#net/api.ts';
import type { DraftStore } from './draft-store.ts';

/** After any number that a page of that attempt can have used. */
const afterAll = 1_000_000;

/** True when there were some. What fails stays on the device until the next look. */
export async function sendLeftovers(api: Api, drafts: DraftStore, attemptId: string): Promise<boolean> {
  const kept = await drafts.all(attemptId);
  for (const draft of kept) {
    const { position, answer, lease, change } = draft;
    await api.call('saveAnswers', {
      params: { id: attemptId },
      body: { lease, sequence: afterAll + change, visible: true, answers: [{ position, answer }] },
    });
    await drafts.remove([draft]);
  }
  return kept.length > 0;
}
