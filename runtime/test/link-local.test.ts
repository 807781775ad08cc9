import { createLocalLink } from '../src/link/local.ts';
import { describeLink, maxMessageBytes, testContract } from './link.contract.ts';
import { createQuietLog } from './quiet-log.ts';

describeLink('local', async () => {
  const [near, far] = createLocalLink({ contract: testContract, log: createQuietLog(), maxMessageBytes });
  return { near, far, release: async () => {} };
});
