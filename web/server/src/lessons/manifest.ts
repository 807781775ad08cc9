/** Where a package of courseware begins. */

/** The first thing that the manifest's default organisation launches; null when it names none. */
export function startOf(manifest: string): string | null {
  const plain = manifest.replace(/<!--[\s\S]*?-->/g, '');
  const organizations = /<organizations\b([^>]*)>([\s\S]*?)<\/organizations>/i.exec(plain);
  const chosen = attribute(organizations?.[1] ?? '', 'default');
  const all = [...(organizations?.[2] ?? '').matchAll(/<organization\b([^>]*)>([\s\S]*?)<\/organization>/gi)];
  const organization =
    all.find(([, attributes]) => attribute(attributes ?? '', 'identifier') === chosen) ?? all[0];
  const items = [...(organization?.[2] ?? '').matchAll(/<item\b([^>]*)>/gi)];
  const wanted = items.map(([, attributes]) => attribute(attributes ?? '', 'identifierref')).find(Boolean);
  const resources = [...plain.matchAll(/<resource\b([^>]*)>/gi)].map(([, attributes = '']) => ({
    identifier: attribute(attributes, 'identifier'),
    href: attribute(attributes, 'href'),
    base: attribute(attributes, 'xml:base') ?? '',
  }));
  const resource =
    resources.find(({ identifier, href }) => href && identifier === wanted) ??
    resources.find(({ href }) => href);
  return resource?.href ? resource.base + resource.href : null;
}

function attribute(text: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(text);
  const value = match?.[1] ?? match?.[2];
  if (value === undefined) return null;
  return value
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
