import { createMemoryState } from '../src/state/memory/state.ts';
import { createQuietLog } from './quiet-log.ts';
import { describeState } from './state.contract.ts';

describeState('memory', {
  appendsBeforeHandling: false,
  async open() {
    const state = createMemoryState({ log: createQuietLog() });
    return { a: state, b: state };
  },
});
