/** What a failed test leaves behind to look at: a picture of every page and what the product said. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFailed } from 'vitest';

/** A page of either browser. */
interface Pictured {
  screenshot(options: { path: `${string}.png` }): Promise<unknown>;
}

const folder = fileURLToPath(new URL('../artifacts', import.meta.url));

/** Called at the beginning of a test; does something only when it fails. */
export function keepEvidence(
  name: string,
  of: { pages: () => Readonly<Record<string, Pictured>>; output: () => string },
): void {
  onTestFailed(async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.log`), of.output());
    for (const [who, page] of Object.entries(of.pages()))
      await page.screenshot({ path: `${folder}/${name}-${who}.png` }).catch(() => undefined);
  });
}
