const byte = () => Math.floor(Math.random() * 256);
const hex = (value: number) => value.toString(16).padStart(2, '0');

/** Version 4, of chance good enough to tell messages apart. */
export function uuid(): string {
  const bytes = Array.from({ length: 16 }, byte);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = bytes.map(hex).join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    '-',
  );
}
