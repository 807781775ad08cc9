const types: Record<string, string> = {
  m3u8: 'application/vnd.apple.mpegurl',
  m4s: 'video/iso.segment',
  mp4: 'video/mp4',
  jpg: 'image/jpeg',
  vtt: 'text/vtt',
};

/** What a file that was made is stored as; files of a package have no ending, and their types are in its list. */
export function contentTypeOfMade(name: string): string {
  const [, ending = ''] = /\.(\w+)$/.exec(name) ?? [];
  return types[ending] ?? 'application/octet-stream';
}
