import { errorCodes } from '@keshi/contract/errors';
import { reasonCode } from '@keshi/contract/domain';
import { describe, expect, it } from 'vitest';
import { catalogue as en } from '../src/i18n/en/catalogue.ts';
import { catalogue as zh } from '../src/i18n/zh-CN/catalogue.ts';

type Message = readonly [path: string, value: unknown];

function messages(value: unknown, path = ''): Message[] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => messages(inner, path ? `${path}.${key}` : key));
}

describe('catalogues', () => {
  it('have the same keys, none empty but where nothing needs doing', () => {
    const keys = (catalogue: unknown) => messages(catalogue).map(([path]) => path);
    // What is safe is left out where nothing was at stake, and the same in both languages.
    expect(keys(en).sort()).toEqual(keys(zh).sort());
    const empty = [...messages(zh), ...messages(en)].filter(
      ([path, value]) => value === '' && !/(^|\.)reasons\..*\.todo$/.test(path),
    );
    expect(empty).toEqual([]);
  });

  it('translate every error code and every reason', () => {
    for (const catalogue of [zh, en]) {
      for (const code of errorCodes) expect(catalogue.errors[code].what).not.toBe('');
      for (const code of reasonCode.options) expect(catalogue.reasons[code].what).not.toBe('');
    }
  });

  it('leave no Chinese in English', () => {
    const mixed = messages(en).filter(
      ([, value]) => typeof value === 'string' && /\p{Script=Han}/u.test(value),
    );
    expect(mixed).toEqual([]);
  });
});
