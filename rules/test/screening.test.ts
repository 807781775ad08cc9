import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileWordList, parseWordList } from '../src/screening.ts';
import { normalise } from '../src/text-folding.ts';

const list = parseWordList(readFileSync(new URL('../data/screening.txt', import.meta.url), 'utf8'));
const words = compileWordList(list.entries);
const found = (text: string) => words.find(text).map((hit) => hit.term);

describe('[C8, J3] the list that comes with the product', () => {
  it('reads without problems, and each term finds itself', () => {
    expect(list.problems).toEqual([]);
    expect(list.entries.length).toBeGreaterThan(110);
    for (const { term, category } of list.entries) {
      expect(words.find(`。${term}。`)).toContainEqual({ term, category, from: 1, to: 1 + term.length });
    }
  });

  it.each([
    ['赌博', '赌博'],
    ['赌 . 博', '赌博'],
    ['来赌*博吧', '赌博'],
    ['来赌😀博吧', '赌博'],
    ['赌，博', '赌博'],
    ['【赌】【博】', '赌博'],
    ['赌\u200b博', '赌博'],
    ['賭博網', '賭博'],
    ['d u b o', 'du bo'],
    ['玩du bo吗', 'du bo'],
    ['ＤＵＢＯ', 'du bo'],
    ['d-u-b-o', 'du bo'],
    ['ｄ．ｕ．ｂ．ｏ', 'du bo'],
    ['d\u0301ub\u0336o', 'du bo'],
    ['duЬо', 'du bo'],
    ['dub0', 'du bo'],
    ['du80', null],
    ['d u b 0', 'du bo'],
    ['𝐝𝐮𝐛𝐨', 'du bo'],
    ['ⓓⓤⓑⓞ', 'du bo'],
    ['da1 ka0', 'dai kao'],
    ['d@i kao', 'dai kao'],
    ['专业代 考', '代考'],
    ['k粉', 'K粉'],
    ['包·过', '包过'],
  ])('sees through %j', (text, term) => {
    if (term === null) expect(found(text)).toEqual([]);
    else expect(found(text)).toContain(term);
  });

  it.each([
    '电工代考虑不周',
    '现代考古学与古代考试制度',
    '我们的代课老师今天讲欧姆定律',
    '面包过期了，对芒果包过敏',
    '这个角色情绪很复杂，颜色情况请看图',
    '老师，这个问题会给大家带来大麻烦',
    '他喜欢赌，博物馆也常去',
    '赌博物馆里人不多',
    'a dubonnet is no du, bo said',
    'the tekao daikaon bao guoqiang',
    '一套现成的配套现场设备',
    '我通过人脸识别了吗',
    '请给出答案并说明理由',
    '第 3 课时 10:30–11:15，电阻 R=220Ω，I=U/R，mp3 文件 2024',
    '刷单词的软件',
    '替考生着想',
  ])('lets pass %j', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('finds the term beside an innocent phrase, at its place', () => {
    const text = '代考虑不周，找我代 考';
    expect(words.find(text)).toEqual([{ term: '代考', category: 'cheating', from: 8, to: 11 }]);
    expect(text.slice(8, 11)).toBe('代 考');
  });

  it('reports positions of the original where characters are wider than one unit', () => {
    const text = '😀😀𝐝𝐮𝐛𝐨😀';
    const [hit] = words.find(text);
    expect(text.slice(hit?.from, hit?.to)).toBe('𝐝𝐮𝐛𝐨');
  });
});

describe('[C8] folding', () => {
  it('makes disguises of one word equal', () => {
    expect(normalise('D u . B-о')).toBe('dubo');
    expect(normalise('Ｄú\u200dβo')).toBe('dubo');
    expect(normalise('ag3nt 2024 h100')).toBe('agent2024h100');
  });

  it('never fails, and hits always lie inside the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (noise) => {
        const text = `${noise}。赌博。${noise}`;
        const hits = words.find(text);
        expect(hits.map((hit) => hit.term)).toContain('赌博');
        for (const { from, to } of hits) {
          expect(from).toBeGreaterThanOrEqual(0);
          expect(to).toBeGreaterThan(from);
          expect(to).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('[C8] matcher', () => {
  it('finds overlapping and nested terms', () => {
    const matcher = compileWordList(['ab', 'abc', 'bc', 'c d'].map((term) => ({ term, category: 'x' })));
    expect(matcher.find('abc').map((hit) => hit.term)).toEqual(['abc']);
    const chinese = compileWordList(['网络赌博', '赌博', '博彩'].map((term) => ({ term, category: 'x' })));
    expect(chinese.find('网络赌博彩').map((hit) => hit.term)).toEqual(['网络赌博', '赌博', '博彩']);
  });

  it('agrees with plain search on Chinese text without separators', () => {
    const char = fc.constantFrom('甲', '乙', '丙');
    const word = fc.string({ unit: char, minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { maxLength: 8 }),
        fc.string({ unit: char, maxLength: 60 }),
        (terms, text) => {
          const expected = terms.flatMap((term) =>
            [...text].flatMap((_, from) => (text.startsWith(term, from) ? [`${String(from)}:${term}`] : [])),
          );
          const matcher = compileWordList(terms.map((term) => ({ term, category: 'x' })));
          expect(
            matcher
              .find(text)
              .map((hit) => `${String(hit.from)}:${hit.term}`)
              .sort(),
          ).toEqual(expected.sort());
        },
      ),
    );
  });

  it('takes time linear in the text: ten times the text, ten times the steps', () => {
    for (const unit of ['课时答疑赌博代考虑 d u b o. ', 'aaaaaaaaab', '代考', '包过期', 'd1b0 ']) {
      const short = words.search(unit.repeat(100)).steps;
      const long = words.search(unit.repeat(1000)).steps;
      expect(long / short).toBeLessThan(11);
    }
    const text = '电工基础第三课时，'.repeat(1200);
    expect(text.length).toBeGreaterThan(10_000);
    expect(words.search(text).steps).toBeLessThan(text.length * 4);
  });
});

describe('list format', () => {
  it('reads categories, variants and innocent phrases, and names the line of what is wrong', () => {
    expect(parseWordList('x\n# note\n[a]\n甲, 乙 ! 甲虫, 乙方\n[b]\n丙,,\n乙\n')).toEqual({
      entries: [
        { term: '甲', category: 'a', allow: ['甲虫', '乙方'] },
        { term: '乙', category: 'a', allow: ['甲虫', '乙方'] },
        { term: '丙', category: 'b', allow: [] },
      ],
      problems: [
        { line: 1, problem: 'no-category' },
        { line: 6, problem: 'empty-term' },
        { line: 6, problem: 'empty-term' },
        { line: 7, problem: 'term-twice' },
      ],
    });
  });
});
