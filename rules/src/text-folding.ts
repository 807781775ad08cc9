/**
 * Sees through the ways in which a word is disguised [C8, J3]: full-width and decorated letters, look-alikes from
 * other alphabets, invisible characters, letters written as digits, and separators between the characters.
 */

/**
 * What stands between a character and the one before it: `none`; `space`; `mark` a symbol or an ornament, which
 * nobody needs inside a word; `stop` punctuation that ends a clause, or a new line.
 */
export type Separator = 'none' | 'space' | 'mark' | 'stop';

/** A text without its separators; all lists have one member per character of `chars`. */
export interface Folded {
  readonly chars: readonly string[];
  readonly before: readonly Separator[];
  /** Where the character came from, UTF-16 positions in the original, half-open. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** What follows the last character. */
  readonly after: Separator;
  /** Whether a digit or sign was read as a letter. */
  readonly leet: boolean;
}

/** How digits are read that stand among Latin letters: not at all, or with 1 as i or as l. */
export type LeetReading = 'none' | 'i' | 'l';

/** The folded text as one string, without positions: what two disguises of one word have in common. */
export function normalise(text: string): string {
  return fold(text, 'i').chars.join('');
}

/** Linear in the length of the text. */
export function fold(text: string, leetReading: LeetReading): Folded {
  const chars: string[] = [];
  const before: Separator[] = [];
  const from: number[] = [];
  const to: number[] = [];
  let separator: Separator = 'stop';
  let leet = false;
  let position = 0;
  for (const original of text) {
    const start = position;
    position += original.length;
    const plain = plainForm(original);
    if (plain === '') continue;
    for (const folded of plain) {
      if (isLetterOrDigit(folded)) {
        chars.push(folded);
        before.push(separator);
        from.push(start);
        to.push(position);
        separator = 'none';
      } else if (
        signs.has(folded) &&
        isLatin(chars.at(-1)) &&
        separator === 'none' &&
        isLatinAt(text, position)
      ) {
        // A sign can only be a letter between two letters; everywhere else it separates.
        const letter = leetReading === 'none' ? undefined : signs.get(folded);
        leet = true;
        if (letter === undefined) {
          separator = stronger(separator, 'mark');
        } else {
          chars.push(letter);
          before.push(separator);
          from.push(start);
          to.push(position);
        }
      } else {
        separator = stronger(separator, separatorKind(folded));
      }
    }
  }
  const folded = { chars, before, from, to, after: stronger(separator, 'stop') };
  const digits = readDigits(chars, before, leetReading);
  return { ...folded, chars: digits.chars, leet: leet || digits.found };
}

export function isLatin(char: string | undefined): boolean {
  return char !== undefined && char >= 'a' && char <= 'z';
}

/**
 * Reads single digits beside Latin letters as letters. Longer numbers stay: "2024", "q123456" and "h100" are what
 * they look like.
 */
function readDigits(
  chars: readonly string[],
  before: readonly Separator[],
  reading: LeetReading,
): { chars: readonly string[]; found: boolean } {
  let found = false;
  const read = chars.map((char, k) => {
    const letter = reading === 'l' && char === '1' ? 'l' : digits.get(char);
    if (letter === undefined) return char;
    const left = before[k] === 'none' ? chars[k - 1] : undefined;
    const right = before[k + 1] === 'none' ? chars[k + 1] : undefined;
    const beside = (isLatin(left) && !isDigit(right)) || (isLatin(right) && !isDigit(left));
    const alone = spacedOut(before, k) && (isLatin(chars[k - 1]) || isLatin(chars[k + 1]));
    if (!beside && !alone) return char;
    found = true;
    return reading === 'none' ? char : letter;
  });
  return { chars: read, found };
}

/** Whether the k-th character stands alone between separators. */
function spacedOut(before: readonly Separator[], k: number): boolean {
  return before[k] !== 'none' && (before[k + 1] ?? 'stop') !== 'none';
}

/** NFKC without marks and invisible characters, lower case, look-alikes read as Latin. Empty if nothing is to be seen. */
function plainForm(original: string): string {
  const code = original.codePointAt(0) ?? 0;
  // Most characters are plain already, and normalising each of them costs more than the search.
  if (code < 0x80) return original.toLowerCase();
  if (code >= 0x4e00 && code <= 0x9fff) return original;
  const bare = original
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}\u115f\u1160\u3164\uffa0]/gu, '')
    .normalize('NFKC');
  return [...bare]
    .map((char) => (lookAlikes.get(char) ?? char).toLowerCase())
    .map((char) => lookAlikes.get(char) ?? char)
    .join('');
}

function separatorKind(char: string): Separator {
  if (/[。！？；：，、,!?;:\n\r\u2028\u2029()[\]{}"“”‘’《》「」『』【】…]/u.test(char)) return 'stop';
  return /[\s\u2800]/u.test(char) ? 'space' : 'mark';
}

const strengths: readonly Separator[] = ['none', 'mark', 'space', 'stop'];

function stronger(a: Separator, b: Separator): Separator {
  return strengths.indexOf(a) >= strengths.indexOf(b) ? a : b;
}

function isLetterOrDigit(char: string): boolean {
  return /[\p{L}\p{N}]/u.test(char);
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function isLatinAt(text: string, position: number): boolean {
  const next = text.codePointAt(position);
  return next !== undefined && isLatin(plainForm(String.fromCodePoint(next)));
}

const digits = new Map(Object.entries({ 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', 8: 'b' }));
const signs = new Map(Object.entries({ '@': 'a', $: 's' }));

/** Letters of other alphabets that look like a Latin one. Capitals where they look like another letter than the small one. */
const lookAlikes = new Map(
  Object.entries({
    // Cyrillic
    а: 'a',
    А: 'a',
    в: 'b',
    В: 'b',
    с: 'c',
    С: 'c',
    ԁ: 'd',
    е: 'e',
    Е: 'e',
    һ: 'h',
    Н: 'h',
    н: 'h',
    і: 'i',
    І: 'i',
    ј: 'j',
    Ј: 'j',
    к: 'k',
    К: 'k',
    ӏ: 'l',
    Ӏ: 'i',
    м: 'm',
    М: 'm',
    п: 'n',
    о: 'o',
    О: 'o',
    р: 'p',
    Р: 'p',
    ԛ: 'q',
    г: 'r',
    ѕ: 's',
    Ѕ: 's',
    т: 't',
    Т: 't',
    у: 'y',
    У: 'y',
    ѵ: 'v',
    ԝ: 'w',
    х: 'x',
    Х: 'x',
    ь: 'b',
    // Greek
    α: 'a',
    Α: 'a',
    β: 'b',
    Β: 'b',
    ϲ: 'c',
    ε: 'e',
    Ε: 'e',
    η: 'n',
    Η: 'h',
    ι: 'i',
    Ι: 'i',
    κ: 'k',
    Κ: 'k',
    Μ: 'm',
    ν: 'v',
    Ν: 'n',
    ο: 'o',
    Ο: 'o',
    ρ: 'p',
    Ρ: 'p',
    τ: 't',
    Τ: 't',
    υ: 'u',
    Υ: 'y',
    χ: 'x',
    Χ: 'x',
    ω: 'w',
    Ζ: 'z',
    γ: 'y',
    // Latin letters that are not decomposed
    ı: 'i',
    ɑ: 'a',
    ɡ: 'g',
    ø: 'o',
    Ø: 'o',
    đ: 'd',
    Đ: 'd',
    ł: 'l',
    Ł: 'l',
    ɩ: 'i',
    ʏ: 'y',
    ʟ: 'l',
    ɴ: 'n',
    ʙ: 'b',
    ɪ: 'i',
    ᴅ: 'd',
    ᴜ: 'u',
    ᴏ: 'o',
  }),
);
