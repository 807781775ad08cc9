import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDigitOf, checkDocument, plainNumber } from '../src/documents.ts';

const now = Date.UTC(2026, 10, 27, 4);
const whole = (first17: string) => first17 + checkDigitOf(first17);
const faultOf = (...args: Parameters<typeof checkDocument>) => {
  const verdict = checkDocument(...args);
  return verdict.ok ? null : verdict.fault;
};

describe('[B1] a resident’s card', () => {
  it('is taken with its check digit, however it is typed', () => {
    // The example of GB 11643.
    expect(checkDocument('id-card', '11010519491231002X', now)).toEqual({
      ok: true,
      number: '11010519491231002X',
      birthDate: '1949-12-31',
    });
    expect(checkDocument('id-card', ' 110105 19491231-002ｘ ', now)).toMatchObject({ ok: true });
  });

  it.each([
    ['length', '1101051949123100'],
    ['characters', '11010519491231X02X'],
    ['region', whole('99010519491231002')],
    ['region', whole('11000119491231002')],
    ['region', whole('83000019491231002')],
    ['birth-date', whole('11010519490230002')],
    ['birth-date', whole('11010518991231002')],
    ['birth-date', whole('11010520261128002')],
    ['sequence', whole('11010519491231000')],
    ['check-digit', '110105194912310021'],
  ])('says that the %s is wrong with %s', (fault, number) => {
    expect(faultOf('id-card', number, now)).toBe(fault);
  });

  it('counts the day of birth in Shanghai', () => {
    const born = whole('11010520261128002');
    expect(faultOf('id-card', born, Date.UTC(2026, 10, 27, 16))).toBeNull();
    expect(faultOf('id-card', born, Date.UTC(2026, 10, 27, 16) - 1)).toBe('birth-date');
  });

  it('finds every slip of one digit and every swap of two neighbours', () => {
    const place = fc.integer({ min: 0, max: 16 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999 }),
        place,
        fc.integer({ min: 1, max: 9 }),
        (serial, at, by) => {
          const number = whole(`11010519491231${String(serial).padStart(3, '0')}`);
          const slipped = [...number];
          slipped[at] = String((Number(number[at]) + by) % 10);
          expect(checkDocument('id-card', slipped.join(''), now).ok).toBe(false);
          const swapped = [...number];
          [swapped[at], swapped[at + 1]] = [number[at + 1] ?? '', number[at] ?? ''];
          if (swapped.join('') !== number)
            expect(checkDocument('id-card', swapped.join(''), now).ok).toBe(false);
        },
      ),
    );
  });

  it('never throws, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (typed) => {
        for (const kind of ['id-card', 'taiwan-travel', 'hk-macau-travel'] as const)
          expect(typeof checkDocument(kind, typed, now).ok).toBe('boolean');
        expect(plainNumber(plainNumber(typed))).toBe(plainNumber(typed));
      }),
    );
  });
});

describe('[B1] other documents', () => {
  const hongKong = whole('81000019900307451');
  const macau = whole('82000019900307451');
  const taiwan = whole('83000019900307451');
  it('residence permits are of the place they are given for', () => {
    expect(faultOf('hk-macau-residence', hongKong, now)).toBeNull();
    expect(faultOf('hk-macau-residence', macau, now)).toBeNull();
    expect(faultOf('taiwan-residence', taiwan, now)).toBeNull();
    expect(faultOf('taiwan-residence', hongKong, now)).toBe('prefix');
    expect(faultOf('hk-macau-residence', taiwan, now)).toBe('prefix');
    expect(faultOf('hk-macau-residence', '11010519491231002X', now)).toBe('prefix');
    expect(faultOf('taiwan-residence', `${taiwan.slice(0, 17)}${taiwan[17] === '0' ? '1' : '0'}`, now)).toBe(
      'check-digit',
    );
  });

  it('a social-security number has the form of the card it belongs to', () => {
    expect(faultOf('social-security', '11010519491231002X', now)).toBeNull();
    expect(faultOf('social-security', taiwan, now)).toBeNull();
    expect(faultOf('social-security', '110105194912310021', now)).toBe('check-digit');
  });

  it.each([
    ['hk-macau-travel', 'H12345678', null],
    ['hk-macau-travel', 'm1234567801', null],
    ['hk-macau-travel', 'T12345678', 'prefix'],
    ['hk-macau-travel', 'H1234567', 'length'],
    ['hk-macau-travel', 'H1234567A', 'characters'],
    ['taiwan-travel', '12345678', null],
    ['taiwan-travel', '1234567890', null],
    ['taiwan-travel', '1234567890(B)', null],
    ['taiwan-travel', '123456789', 'length'],
    ['taiwan-travel', '1234567B', 'characters'],
    ['taiwan-travel', 'B12345678', 'prefix'],
  ] as const)('%s %s: %s', (kind, number, fault) => {
    expect(faultOf(kind, number, now)).toBe(fault);
  });
});
