import type { Format } from '#i18n/format.ts';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';
import { policyNumbers, toUnit, unsetText } from './policy-numbers.ts';

/** Known names as people call them; what a newer server adds is shown as it calls it. */
export const named = (known: Readonly<Record<string, string>>, code: string): string => known[code] ?? code;

/** What an entry of the audit log says in words, in its order. Bare ids are left to the raw entry. */
export function factsOf(
  detail: Readonly<Record<string, unknown>>,
  t: Catalogue,
  fmt: Format,
): { name: string; value: string }[] {
  const words = t.admin.audit;
  const facts = Object.entries(detail).flatMap(([key, value]) => {
    const name = Object.entries(words.facts).find(([known]) => known === key)?.[1];
    const text = name === undefined ? undefined : textOf(key, value, t, fmt);
    return name === undefined || text === undefined ? [] : [{ name, value: text }];
  });
  return [...facts, ...policyFacts(detail, t, fmt)];
}

function textOf(key: string, value: unknown, t: Catalogue, fmt: Format): string | undefined {
  const words = t.admin.audit;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'number')
    return key === 'start' || key === 'end' ? fmt.exact(value) : fmt.number(value);
  if (Array.isArray(value)) {
    const parts = value.map(String).map((part) =>
      // A role stands with the id of its organisation, which says nothing to people.
      key === 'roles' ? named(t.common.roles, part.split('@')[0] ?? part) : named(words.fields, part),
    );
    return parts.length > 0 ? [...new Set(parts)].join(t.common.comma) : undefined;
  }
  if (typeof value !== 'string' || value === '') return undefined;
  if (key === 'kind') return named(t.common.orgKinds, value);
  return key === 'format' ? value.toUpperCase() : value;
}

/** Rules that were changed, each with its number before and after. */
function policyFacts(
  { before, after }: Readonly<Record<string, unknown>>,
  t: Catalogue,
  fmt: Format,
): { name: string; value: string }[] {
  const [was, is] = [numbersIn(before), numbersIn(after)];
  const units = {
    percent: t.admin.courses.percent,
    minutes: ` ${t.admin.courses.minutes}`,
    seconds: ` ${t.admin.courses.seconds}`,
    hours: ` ${t.admin.courses.hours}`,
    times: ` ${t.admin.courses.times}`,
  };
  const numbers = policyNumbers.flatMap((number) => {
    const [from, to] = [was.get(number.name) ?? number.default, is.get(number.name) ?? number.default];
    if (from === to) return [];
    const text = (stored: number | null) =>
      stored === null
        ? unsetText(t.admin.courses.unset, number.name)
        : fmt.number(toUnit(stored, number)) + units[number.unit];
    return [{ name: t.admin.courses.policyNames[number.name], value: `${text(from)} → ${text(to)}` }];
  });
  const choices = t.admin.courses.signInChoices;
  const [wasAsked, isAsked] = [signInOf(before), signInOf(after)];
  return wasAsked === isAsked
    ? numbers
    : [
        ...numbers,
        { name: t.admin.courses.policySignIn, value: `${choices[wasAsked]} → ${choices[isAsked]}` },
      ];
}

function signInOf(json: unknown): 'required' | 'not-required' {
  return typeof json === 'string' && /"signIn":"not-required"/.test(json) ? 'not-required' : 'required';
}

function numbersIn(json: unknown): ReadonlyMap<string, number> {
  if (typeof json !== 'string') return new Map();
  try {
    const read: unknown = JSON.parse(json);
    if (typeof read !== 'object' || read === null) return new Map();
    return new Map(
      Object.entries(read).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
    );
  } catch {
    return new Map();
  }
}
