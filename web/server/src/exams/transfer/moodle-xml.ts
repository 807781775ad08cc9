/** The words in Moodle's XML. */
import { child, type Element } from '../../xml.ts';

const signs: Readonly<Record<string, string>> = {
  '&nbsp;': ' ',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&amp;': '&',
};
/** Of HTML; what is not known stays as it stands. */
export const plainText = (html: string) => html.replace(/&\w+;/g, (sign) => signs[sign] ?? sign).trim();

/** Moodle keeps words as HTML in a `text` element; marks go, line ends stay. */
export const wordsOf = (of: Element | undefined): string =>
  plainText(
    (child(of, 'text')?.text ?? '')
      // What a player says in place of a sound is not the question's.
      .replace(/<audio\b[^>]*>[\s\S]*?<\/audio>/gi, '')
      .replace(/<br\s*\/?>|<\/p>\s*<p[^>]*>/gi, '\n')
      .replace(/<[^>]*>/g, ''),
  );

export const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
