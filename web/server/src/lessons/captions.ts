const timing =
  /^((?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3})[ \t]+-->[ \t]+((?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3})(?:[ \t].*)?$/;

/** How many captions a WebVTT file has; null when it is none, or one of its times is wrong. */
export function cuesOf(bytes: Uint8Array): number | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  if (!/^WEBVTT(?:[ \t].*)?$/.test(lines[0] ?? '')) return null;
  let cues = 0;
  for (const line of lines) {
    if (!line.includes('-->')) continue;
    const [, from = '', to = ''] = timing.exec(line) ?? [];
    if (from === '' || msOf(from) >= msOf(to)) return null;
    cues += 1;
  }
  return cues;
}

function msOf(time: string): number {
  const [seconds = 0, minutes = 0, hours = 0] = time.split(':').map(Number).reverse();
  return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000);
}
