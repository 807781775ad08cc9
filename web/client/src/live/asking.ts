/** One-tap actions: a refusal or failure is told in a line, because there is no form beside which it could stand. */
import { failureOf } from '#net/failure.ts';
import type { App } from '#session/app.svelte.ts';

export type Perform = (action: () => Promise<unknown>) => Promise<boolean>;

/** Answers whether it succeeded. */
export function performing({ toasts, t }: Pick<App, 'toasts' | 't'>): Perform {
  return async (action) => {
    try {
      await action();
      return true;
    } catch (thrown) {
      const { what, todo } = t.errors[failureOf(thrown).code];
      toasts.show('attention', `${what}${t.common.stop}${todo}`);
      return false;
    }
  };
}
