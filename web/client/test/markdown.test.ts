import { describe, expect, it } from 'vitest';
import { htmlOf } from '../src/courses/markdown.ts';

const name = '01890000-0000-7000-8000-0000000000aa.jpg';

describe('[C4] the text of a lesson', () => {
  it('shows the pictures of its own lesson, with what they are said to show', () => {
    expect(htmlOf(`![断路器 "<b>](picture:${name})`, '/media/x/')).toContain(
      `<img src="/media/x/${name}" alt="断路器 &quot;&lt;b&gt;" loading="lazy" decoding="async">`,
    );
  });

  it('shows no other: neither from elsewhere nor from another lesson, and nothing that is no picture', () => {
    for (const source of [
      'https://example.com/a.jpg',
      `picture:../../${name}`,
      `picture:${name}?x`,
      'picture:javascript',
      'data:image/svg+xml,<svg/>',
      `//example.com/${name}`,
    ])
      expect(htmlOf(`![图](${source})`, '/media/x/')).not.toContain('<img');
    expect(htmlOf(`![图](picture:${name})`)).not.toContain('<img');
  });

  it('leads nowhere by the name of a picture, and runs nothing', () => {
    expect(htmlOf(`[图](picture:${name})`, '/media/x/')).toContain('href="#"');
    expect(htmlOf('[x](javascript:alert(1)) <img src=x onerror=alert(1)>', '/media/x/')).not.toMatch(
      /href="javascript|<img/,
    );
  });
});
