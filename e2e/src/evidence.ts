/** What a failed test leaves behind to look at: a picture of every page and what the product said. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { onTestFailed } from 'vitest';

const folder = fileURLToPath(new URL('../artifacts', import.meta.url));

/** Called at the beginning of a test; does something only when it fails. */
export function keepEvidence(
  name: string,
  of: { pages: () => Readonly<Record<string, Page>>; output: () => string },
): void {
  onTestFailed(async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.log`), of.output());
    for (const [who, page] of Object.entries(of.pages()))
      await page.screenshot({ path: join(folder, `${name}-${who}.png`) }).catch(() => undefined);
  });
}
