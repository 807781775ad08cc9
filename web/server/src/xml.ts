/** Somebody else's XML as a tree. */
import { Parser } from 'saxen';

export interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: Element[];
  text: string;
}

const mostElements = 400_000;
const mostDepth = 60;

/** Null when it is no XML. Entities beyond the five of XML are not known, so none can grow. */
export function parseXml(xml: string): Element | null {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open: Element[] = [root];
  let broken = false;
  let count = 0;
  const parser = new Parser();
  parser.on('openTag', (name, attributesOf, decode) => {
    count += 1;
    if (count > mostElements || open.length > mostDepth) {
      broken = true;
      parser.stop();
      return;
    }
    const attributes = Object.fromEntries(
      Object.entries(attributesOf()).map(([key, value]) => [key, decode(String(value))]),
    );
    const element = { name, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closeTag', () => void open.pop());
  parser.on('text', (text, decode) => {
    const element = open.at(-1);
    if (element) element.text += decode(text);
  });
  parser.on('cdata', (text) => {
    const element = open.at(-1);
    if (element) element.text += text;
  });
  parser.on('error', () => {
    broken = true;
    parser.stop();
  });
  parser.parse(xml);
  return broken || open.length !== 1 ? null : root;
}

export const child = (of: Element | undefined, name: string) => of?.children.find((one) => one.name === name);
export const all = (of: Element, name: string) => of.children.filter((one) => one.name === name);
