/**
 * [B1] Whether the number of an identity document can be right, and what is wrong with it when it cannot. Only an
 * authority knows whether it is somebody's.
 */
import type { DocumentFault, DocumentKind } from '@keshi/contract/identity';

export type DocumentVerdict =
  /** `number` as it is kept: capitals, no spaces or brackets. `birthDate` is `YYYY-MM-DD` where the number tells it. */
  { ok: true; number: string; birthDate: string | null } | { ok: false; fault: DocumentFault };

/** Provinces of GB/T 2260 whose residents hold a resident's card. */
const provinces = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65'.split(' '),
);
/** Places the residence permits are given for: Hong Kong, Macau; Taiwan. */
const permitPrefixes = {
  'hk-macau-residence': ['810000', '820000'],
  'taiwan-residence': ['830000'],
} as const;
const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const checkDigits = '10X98765432';
const oldest = 1900;
const shanghaiMs = 8 * 3_600_000;

/** Width, case, spaces, dashes and brackets are how something was typed, not what it is. */
export function plainNumber(typed: string): string {
  return typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\-()]/g, '');
}

/** `now` in ms: nobody is born after it. */
export function checkDocument(kind: DocumentKind, typed: string, now: number): DocumentVerdict {
  const number = plainNumber(typed);
  switch (kind) {
    case 'id-card':
      return checkCitizenNumber(number, now, isResident);
    case 'social-security':
      // The number of the card it belongs to: a resident's, or that of a residence permit.
      return checkCitizenNumber(number, now, (prefix) =>
        isPermit(prefix, 'hk-macau-residence') || isPermit(prefix, 'taiwan-residence')
          ? null
          : isResident(prefix),
      );
    case 'hk-macau-residence':
    case 'taiwan-residence':
      return checkCitizenNumber(number, now, (prefix) => (isPermit(prefix, kind) ? null : 'prefix'));
    case 'hk-macau-travel':
      return checkTravelPermit(number, { first: /^[HM]/, lengths: [9, 11], whole: /^[HM]\d+$/ });
    case 'taiwan-travel':
      // Eight digits on the cards; ten and a letter in the older booklets.
      return checkTravelPermit(number, {
        first: /^\d/,
        lengths: [8, 10, 11],
        whole: /^(\d{8}|\d{10}[A-Z]?)$/,
      });
  }
}

/** [MOD 11-2 of GB 11643] The eighteenth character for the first seventeen. */
export function checkDigitOf(first17: string): string {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(first17[index]), 0);
  return checkDigits[sum % 11] ?? '';
}

function checkCitizenNumber(
  number: string,
  now: number,
  regionFault: (prefix: string) => DocumentFault | null,
): DocumentVerdict {
  if (number.length !== 18) return { ok: false, fault: 'length' };
  if (!/^\d{17}[\dX]$/.test(number)) return { ok: false, fault: 'characters' };
  const fault = regionFault(number.slice(0, 6));
  if (fault !== null) return { ok: false, fault };
  const birthDate = birthDateOf(number.slice(6, 14), now);
  if (birthDate === null) return { ok: false, fault: 'birth-date' };
  if (number.slice(14, 17) === '000') return { ok: false, fault: 'sequence' };
  if (checkDigitOf(number.slice(0, 17)) !== number[17]) return { ok: false, fault: 'check-digit' };
  return { ok: true, number, birthDate };
}

function isResident(prefix: string): DocumentFault | null {
  // Every card names a city or prefecture below its province; not every city has counties below it.
  return provinces.has(prefix.slice(0, 2)) && prefix.slice(2, 4) !== '00' ? null : 'region';
}

function isPermit(prefix: string, kind: keyof typeof permitPrefixes): boolean {
  return permitPrefixes[kind].some((known) => known === prefix);
}

/** Null when there is no such day, or it has not come yet, or nobody alive was born on it. */
function birthDateOf(digits: string, now: number): string | null {
  const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].map(Number);
  if (year === undefined || month === undefined || day === undefined || year < oldest) return null;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    return null;
  const text = date.toISOString().slice(0, 10);
  return text <= new Date(now + shanghaiMs).toISOString().slice(0, 10) ? text : null;
}

function checkTravelPermit(
  number: string,
  { first, lengths, whole }: { first: RegExp; lengths: readonly number[]; whole: RegExp },
): DocumentVerdict {
  if (!first.test(number)) return { ok: false, fault: 'prefix' };
  if (!lengths.includes(number.length)) return { ok: false, fault: 'length' };
  if (!whole.test(number)) return { ok: false, fault: 'characters' };
  return { ok: true, number, birthDate: null };
}
