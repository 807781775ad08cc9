/** Names and kinds of files in packages of courseware. */

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  xhtml: 'application/xhtml+xml',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  xml: 'application/xml',
  xsd: 'application/xml',
  txt: 'text/plain; charset=utf-8',
  vtt: 'text/vtt',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  ico: 'image/x-icon',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  webm: 'video/webm',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  glb: 'model/gltf-binary',
  gltf: 'model/gltf+json',
  wasm: 'application/wasm',
  pdf: 'application/pdf',
};

export function typeOf(path: string): string {
  return types[endingOf(path)] ?? 'application/octet-stream';
}

const programs = new Set(
  'exe dll com scr msi bat cmd ps1 vbs vbe wsf hta lnk sh jar apk app dmg php asp aspx jsp cgi'.split(' '),
);

/** By its ending, or by how it begins whatever it is called. */
export function isProgram(path: string, head: Buffer): boolean {
  const starts = (bytes: readonly number[]) => bytes.every((byte, at) => head[at] === byte);
  return (
    programs.has(endingOf(path)) ||
    starts([0x4d, 0x5a]) ||
    starts([0x7f, 0x45, 0x4c, 0x46]) ||
    starts([0x23, 0x21]) ||
    starts([0xcf, 0xfa, 0xed, 0xfe]) ||
    starts([0xca, 0xfe, 0xba, 0xbe])
  );
}

function endingOf(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}

/** As Windows writes names that are not marked as UTF-8. */
export function nameOf(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return new TextDecoder('gb18030').decode(raw);
  }
}

/** Leads nowhere but into the package, on any system. */
export function isSafePath(path: string): boolean {
  return (
    path.length <= 400 &&
    !/[\p{Cc}\\:*?"<>|]/u.test(path) &&
    !path.startsWith('/') &&
    path.split('/').every((part) => part !== '..' && part !== '.' && part !== '')
  );
}
