/** What a SCORM 1.2 manifest launches. */
import type { PackagePart } from '@keshi/contract/lessons';
import { type Element, parseXml } from '../xml.ts';

const mostParts = 500;

/** The manifest's text, in the encoding that it names itself. */
export function decodeManifest(bytes: Uint8Array): string {
  const [, named = 'utf-8'] =
    /^[^>]*?encoding\s*=\s*["']([\w.:-]+)/.exec(Buffer.from(bytes.subarray(0, 200)).toString('latin1')) ?? [];
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : named;
  try {
    return new TextDecoder(marked).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/**
 * [WL9] The visible items of the default organisation that have something to launch, in the order they stand in. A
 * manifest without any launches its first resource. Empty when it launches nothing, has more parts than anybody goes
 * through, or is no XML.
 */
export function partsOf(manifest: string): PackagePart[] {
  const root = parseXml(manifest.trimStart());
  const [top] = root?.children ?? [];
  if (!top || localName(top) !== 'manifest') return [];
  const resources = resourcesOf(top);
  const items = itemsOf(organizationOf(top)).flatMap((item): PackagePart[] => {
    const resource = resources.get(attribute(item, 'identifierref') ?? '');
    if (!resource) return [];
    const { start, reports } = resource;
    return [
      {
        id: (attribute(item, 'identifier') ?? start).slice(0, 200),
        title: textOf(item, 'title').slice(0, 200),
        start: withParameters(start, attribute(item, 'parameters') ?? ''),
        reports,
        mastery: numberOf(textOf(item, 'masteryscore')),
        launchData: textOf(item, 'datafromlms').slice(0, 4_096),
      },
    ];
  });
  const [first] = resources.values();
  const parts =
    items.length > 0 || !first ? items : [{ ...first, id: '', title: '', mastery: null, launchData: '' }];
  const named = new Set(parts.map(({ id }) => id));
  if (parts.length > mostParts || named.size < parts.length) return [];
  return parts.length === 1 ? parts.map((part) => ({ ...part, id: '' })) : parts;
}

interface Resource {
  start: string;
  reports: boolean;
}

function resourcesOf(manifest: Element): Map<string, Resource> {
  const [list] = named(manifest, 'resources');
  const folder = (attribute(manifest, 'base') ?? '') + (list ? (attribute(list, 'base') ?? '') : '');
  return new Map(
    (list ? named(list, 'resource') : []).flatMap((resource) => {
      const href = attribute(resource, 'href');
      if (!href) return [];
      const start = folder + (attribute(resource, 'base') ?? '') + href;
      // What is not called an asset is taken to tell how far its learner is.
      const reports = attribute(resource, 'scormtype')?.toLowerCase() !== 'asset';
      return [[attribute(resource, 'identifier') ?? start, { start, reports }]];
    }),
  );
}

function organizationOf(manifest: Element): Element | undefined {
  const [organizations] = named(manifest, 'organizations');
  if (!organizations) return undefined;
  const all = named(organizations, 'organization');
  const chosen = attribute(organizations, 'default');
  return all.find((each) => attribute(each, 'identifier') === chosen) ?? all[0];
}

const itemsOf = (of: Element | undefined): Element[] =>
  (of ? named(of, 'item') : []).flatMap((item) =>
    attribute(item, 'isvisible')?.toLowerCase() === 'false' ? [] : [item, ...itemsOf(item)],
  );

/** As SCORM 1.2 has it (3.3.4): beside what the address has already. */
function withParameters(start: string, parameters: string): string {
  const said = parameters.replace(/^[?&]+/, '');
  if (said === '' || said.startsWith('#')) return start + said;
  return `${start}${start.includes('?') ? '&' : '?'}${said}`;
}

// Whoever wrote it chose the prefixes.
const bare = (name: string) => name.slice(name.indexOf(':') + 1).toLowerCase();
const localName = ({ name }: Element) => bare(name);
const named = (of: Element, name: string) => of.children.filter((each) => localName(each) === name);
const attribute = ({ attributes }: Element, name: string): string | undefined =>
  Object.entries(attributes).find(([key]) => bare(key) === name)?.[1];
const textOf = (of: Element, name: string) => named(of, name)[0]?.text.trim() ?? '';
const numberOf = (text: string) => (text === '' || Number.isNaN(Number(text)) ? null : Number(text));
