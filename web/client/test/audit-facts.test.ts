import { describe, expect, it } from 'vitest';
import { factsOf } from '../src/admin/audit-facts.ts';
import { Format } from '../src/i18n/format.ts';
import { catalogue as en } from '../src/i18n/en/catalogue.ts';
import { catalogue as zh } from '../src/i18n/zh-CN/catalogue.ts';

const told = (detail: Record<string, unknown>) =>
  factsOf(
    detail,
    zh,
    new Format(
      () => 'zh-CN',
      () => 0,
    ),
  ).map(({ name, value }) => `${name} ${value}`);

describe('an entry of the audit log in words', () => {
  it('names what was changed, and leaves bare ids to the raw entry', () => {
    const detail = { fields: ['name', 'roles'], roles: ['learner@0198', 'learner@0199'], endedLogin: true };
    expect(told({ ...detail, groupId: '0198' })).toEqual([
      '改动 姓名或名称、身份',
      '身份 学员',
      '已让对方退出登录 是',
    ]);
  });

  it('shows each rule before and after, a default where none was set', () => {
    const before = JSON.stringify({ heartbeatMs: 10_000 });
    const after = JSON.stringify({ minimumRate: 0.85, heartbeatMs: 10_000 });
    expect(told({ before, after })).toEqual(['达标线（到课率、正确率） 80% → 85%']);
    const format = new Format(
      () => 'en',
      () => 0,
    );
    expect(factsOf({ before: '{}', after: '{"classHourMs":3000000}' }, en, format)).toEqual([
      { name: 'Length of a class hour', value: '45 min → 50 min' },
    ]);
  });

  it('says nothing of what it cannot read', () => {
    expect(told({ replaced: [], before: 'not json', after: null, unheardOf: 1 })).toEqual([]);
  });
});
