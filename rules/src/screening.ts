/**
 * Finds listed words in text, however they are disguised [C8, J3]. Pure: the list is data that a service loads.
 */
import { fold, isLatin } from './text-folding.ts';
import type { Folded } from './text-folding.ts';

export interface WordEntry {
  /**
   * Latin terms match whole words only. A space marks where syllables or words may be written apart: `du bo` finds
   * "dubo" and "du bo", `dubo` finds only the former.
   */
  readonly term: string;
  readonly category: string;
  /** Innocent phrases that hold the term: a hit inside one of them is none. */
  readonly allow?: readonly string[];
}

export interface Hit {
  /** As listed. */
  readonly term: string;
  readonly category: string;
  /** Where in the original text, UTF-16 positions, half-open. */
  readonly from: number;
  readonly to: number;
}

export interface WordList {
  /** All hits by position, overlapping ones included. Time is linear in the length of the text. */
  find(text: string): Hit[];
  /** The same with the number of steps the search took, which is what "linear" is measured by. */
  search(text: string): { hits: Hit[]; steps: number };
}

interface Pattern {
  readonly entry: number;
  readonly kind: 'term' | 'allow';
  readonly length: number;
  /** Positions inside the term at which the list itself has a space. */
  readonly joints: ReadonlySet<number>;
}

interface Node {
  readonly next: Map<string, Node>;
  fail: Node | null;
  /** The nearest node on the way of `fail` that ends a pattern, so that nodes without one cost nothing. */
  output: Node | null;
  readonly patterns: Pattern[];
}

/** Builds the matcher (Aho–Corasick). Terms without any letter or digit are left out; `parseWordList` reports them. */
export function compileWordList(entries: readonly WordEntry[]): WordList {
  const root = newNode();
  entries.forEach((entry, index) => {
    insert(root, entry.term, index, 'term');
    for (const phrase of entry.allow ?? []) insert(root, phrase, index, 'allow');
  });
  link(root);

  const search = (text: string) => {
    const plain = fold(text, 'none');
    const first = scan(root, entries, plain);
    if (!plain.leet) return { hits: ordered(first.hits), steps: first.steps };
    const second = scan(root, entries, fold(text, 'i'));
    const third = scan(root, entries, fold(text, 'l'));
    return {
      hits: ordered([...first.hits, ...second.hits, ...third.hits]),
      steps: first.steps + second.steps + third.steps,
    };
  };
  return { search, find: (text) => search(text).hits };
}

export interface ListProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: 'no-category' | 'empty-term' | 'term-twice';
}

/**
 * Reads the list's file format. `# …` is a comment, `[category]` opens a category, and every other line is
 * `term, variant, … ! innocent phrase, …`; the part from `!` on may be left out and holds for all variants.
 */
export function parseWordList(source: string): { entries: WordEntry[]; problems: ListProblem[] } {
  const entries: WordEntry[] = [];
  const problems: ListProblem[] = [];
  const seen = new Set<string>();
  let category: string | null = null;
  source.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const heading = /^\[(.+)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      category = heading.trim();
      return;
    }
    const at = { line: index + 1 };
    if (category === null) {
      problems.push({ ...at, problem: 'no-category' });
      return;
    }
    const [terms = '', phrases = ''] = line.split('!');
    const allow = phrases
      .split(',')
      .map((phrase) => phrase.trim())
      .filter((phrase) => phrase !== '');
    for (const term of terms.split(',').map((part) => part.trim())) {
      const folded = fold(term, 'none').chars.join('');
      if (folded === '') problems.push({ ...at, problem: 'empty-term' });
      else if (seen.has(folded)) problems.push({ ...at, problem: 'term-twice' });
      else entries.push({ term, category, allow });
      seen.add(folded);
    }
  });
  return { entries, problems };
}

function newNode(): Node {
  return { next: new Map(), fail: null, output: null, patterns: [] };
}

function insert(root: Node, phrase: string, entry: number, kind: Pattern['kind']): void {
  const { chars, before } = fold(phrase, 'none');
  if (chars.length === 0) return;
  let node = root;
  for (const char of chars) {
    let next = node.next.get(char);
    if (!next) node.next.set(char, (next = newNode()));
    node = next;
  }
  const joints = new Set(before.flatMap((separator, k) => (k > 0 && separator !== 'none' ? [k] : [])));
  node.patterns.push({ entry, kind, length: chars.length, joints });
}

function link(root: Node): void {
  const queue: Node[] = [root];
  for (const node of queue) {
    for (const [char, child] of node.next) {
      let fail = node.fail;
      while (fail && !fail.next.has(char)) fail = fail.fail;
      child.fail = fail?.next.get(char) ?? root;
      child.output = child.fail.patterns.length > 0 ? child.fail : child.fail.output;
      queue.push(child);
    }
  }
}

interface Occurrence {
  readonly start: number;
  readonly end: number;
}

function scan(root: Node, entries: readonly WordEntry[], text: Folded): { hits: Hit[]; steps: number } {
  const found = new Map<number, Occurrence[]>();
  const allowed = new Map<number, Occurrence[]>();
  let steps = 0;
  let node = root;
  text.chars.forEach((char, k) => {
    let next = node.next.get(char);
    steps += 1;
    while (!next && node.fail) {
      node = node.fail;
      next = node.next.get(char);
      steps += 1;
    }
    node = next ?? root;
    for (let match: Node | null = node; match; match = match.output) {
      for (const pattern of match.patterns) {
        steps += pattern.length;
        const occurrence = { start: k + 1 - pattern.length, end: k + 1 };
        if (pattern.kind === 'allow') add(allowed, pattern.entry, occurrence);
        else if (isWritten(text, pattern, occurrence)) add(found, pattern.entry, occurrence);
      }
    }
  });

  const hits: Hit[] = [];
  for (const [index, occurrences] of found) {
    const entry = entries[index];
    if (!entry) continue;
    const guarded = outside(occurrences, allowed.get(index) ?? []);
    steps += occurrences.length + (allowed.get(index)?.length ?? 0);
    for (const { start, end } of guarded) {
      const { term, category } = entry;
      hits.push({ term, category, from: text.from[start] ?? 0, to: text.to[end - 1] ?? 0 });
    }
  }
  return { hits, steps };
}

/**
 * Whether the characters found in a row were meant as the term.
 *
 * A Latin end needs a word's end. Inside, separators are accepted where the list has a space; where every character
 * stands alone ("d u b o", "赌，博"); and otherwise if they are marks or, in Chinese, which is written without them,
 * spaces. The end of a clause inside a term is an accident, and so is a space inside a Latin word.
 */
function isWritten(text: Folded, { joints }: Pattern, { start, end }: Occurrence): boolean {
  const { chars, before, after } = text;
  const apart = (k: number) => (k < chars.length ? before[k] : after) !== 'none';
  if (isWordChar(chars[start]) && !apart(start) && isWordChar(chars[start - 1])) return false;
  if (isWordChar(chars[end - 1]) && !apart(end) && isWordChar(chars[end])) return false;

  let spacedOut = apart(start) && apart(end);
  let tolerable = true;
  for (let k = start + 1; k < end; k += 1) {
    const separator = before[k] ?? 'none';
    if (separator === 'none') spacedOut = false;
    const latin = isLatin(chars[k - 1]) && isLatin(chars[k]);
    if (separator === 'stop' || (separator === 'space' && latin && !joints.has(k - start))) tolerable = false;
  }
  return spacedOut || tolerable;
}

function isWordChar(char: string | undefined): boolean {
  return char !== undefined && (isLatin(char) || (char >= '0' && char <= '9'));
}

/** The occurrences that no allowed phrase holds. All occurrences of one term have one length, so they are sorted; one pass is enough. */
function outside(occurrences: readonly Occurrence[], allowed: readonly Occurrence[]): Occurrence[] {
  const byStart = [...allowed].sort((a, b) => a.start - b.start);
  let reached = -1;
  let next = 0;
  return occurrences.filter(({ start, end }) => {
    for (let phrase = byStart[next]; phrase && phrase.start <= start; phrase = byStart[next]) {
      reached = Math.max(reached, phrase.end);
      next += 1;
    }
    return reached < end;
  });
}

function add(lists: Map<number, Occurrence[]>, key: number, occurrence: Occurrence): void {
  const list = lists.get(key);
  if (list) list.push(occurrence);
  else lists.set(key, [occurrence]);
}

function ordered(hits: readonly Hit[]): Hit[] {
  const sorted = [...hits].sort((a, b) => a.from - b.from || a.to - b.to || (a.term < b.term ? -1 : 1));
  return sorted.filter((hit, k) => {
    const previous = sorted[k - 1];
    return !previous || previous.from !== hit.from || previous.to !== hit.to || previous.term !== hit.term;
  });
}
