/** Pictures and sounds of a question in Moodle's XML: files beside the words, which name them by `@@PLUGINFILE@@/`. */
import type { ImportProblem } from '@keshi/contract/http/items';
import { type ItemMedia, itemLimits } from '@keshi/contract/items';
import type { ReadFile } from './item-table.ts';
import { all, child, type Element } from '../../xml.ts';
import { escaped, plainText } from './moodle-xml.ts';

const place = '@@PLUGINFILE@@/';
const shown = /<img\b[^>]*>|<audio\b[^>]*>[\s\S]*?<\/audio>/gi;

const attribute = (markup: string, name: string) => {
  const [, quoted = ''] = new RegExp(`\\s${name}\\s*=\\s*"([^"]*)"`, 'i').exec(markup) ?? [];
  return plainText(quoted);
};

function nameIn(address: string): string | null {
  if (!address.startsWith(place)) return null;
  try {
    return decodeURIComponent(address.slice(place.length).replace(/[?#].*$/, ''));
  } catch {
    return null;
  }
}

/** In the order they are shown in. What is shown and not in the file, or without words in its place, is a problem. */
export function readFiles(questiontext: Element | undefined): ReadFile[] | ImportProblem {
  const html = child(questiontext, 'text')?.text ?? '';
  const tags = html.match(shown) ?? [];
  if (tags.length === 0 || !questiontext) return [];
  if (tags.length > itemLimits.media) return 'wrong-media';
  const stored = new Map(
    all(questiontext, 'file').map((file) => [file.attributes['name'] ?? '', file.text.replace(/\s/g, '')]),
  );
  const files: ReadFile[] = [];
  for (const tag of tags) {
    const name = nameIn(attribute(tag, 'src'));
    const content = name === null ? undefined : stored.get(name);
    if (!content || !/^[A-Za-z0-9+/]+={0,2}$/.test(content)) return 'wrong-media';
    const description = attribute(tag, 'alt') || attribute(tag, 'aria-label') || attribute(tag, 'title');
    if (description === '') return 'undescribed-media';
    if (description.length > itemLimits.option) return 'too-long';
    files.push({ bytes: Buffer.from(content, 'base64'), description });
  }
  return files;
}

/** What stands behind the words, and the files beside them. */
export function mediaMarkup(
  media: readonly ItemMedia[],
  files: ReadonlyMap<string, Uint8Array>,
): { html: string; files: string } {
  const parts = media.flatMap(({ kind, key, description }) => {
    const bytes = files.get(key);
    if (!bytes) return [];
    const name = key.slice(key.lastIndexOf('/') + 1);
    const [address, words] = [`${place}${name}`, escaped(description)];
    return [
      {
        html:
          kind === 'picture'
            ? `<p><img src="${address}" alt="${words}"/></p>`
            : `<p><audio controls="true" aria-label="${words}"><source src="${address}"/></audio></p>`,
        file: `<file name="${name}" path="/" encoding="base64">${Buffer.from(bytes).toString('base64')}</file>`,
      },
    ];
  });
  return { html: parts.map(({ html }) => html).join(''), files: parts.map(({ file }) => file).join('') };
}
