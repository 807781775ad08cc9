import { describe, expect, it } from 'vitest';
import { dayStart, Format } from '../src/i18n/format.ts';

const at = (text: string) => Date.parse(`${text}+08:00`);
const now = at('2026-05-03T10:00:00');
const zh = new Format(
  () => 'zh-CN',
  () => now,
);
const en = new Format(
  () => 'en',
  () => now,
);

describe('Format', () => {
  it('[AT6] never rounds a rate up to the minimum', () => {
    expect(zh.percent(0.79999)).toBe('79.9%');
    expect(zh.percent(0.8)).toBe('80%');
    // 0.29 and its kind have no exact binary form; they must not lose a tenth for it.
    expect(zh.percent(0.29)).toBe('29%');
    expect(zh.percent(null)).toBe('–');
  });

  it('[CH1] shows hours to one decimal, rounded down', () => {
    expect(en.hours(3_599_000)).toBe('0.9 h');
    expect(zh.hours(7_200_000)).toBe('2.0 小时');
  });

  it('counts time as a clock does', () => {
    expect(zh.clock(32 * 60_000 + 10_999)).toBe('32:10');
    expect(zh.clock(3_730_000)).toBe('1:02:10');
    expect(zh.clock(-5)).toBe('00:00');
  });

  it('names the days of Asia/Shanghai, whatever the zone of the device', () => {
    expect(zh.day(at('2026-05-03T23:59:59'))).toBe('今天');
    expect(zh.day(at('2026-05-04T00:00:00'))).toBe('明天');
    expect(en.day(at('2026-05-02T00:00:00'))).toBe('Yesterday');
    expect(zh.date(at('2026-05-09T08:00:00'))).toBe('5月9日 周六');
    expect(zh.dateTime(at('2026-05-03T14:05:00'))).toBe('14:05');
    expect(zh.dateTime(at('2025-12-31T14:05:00'))).toBe('2025年12月31日 周三 14:05');
    expect(dayStart(at('2026-05-03T23:00:00'))).toBe(at('2026-05-03T00:00:00'));
  });

  it('reads back what it gave a date-time input', () => {
    const start = at('2026-05-03T14:30:00');
    expect(zh.toInput(start)).toBe('2026-05-03T14:30');
    expect(zh.fromInput('2026-05-03T14:30')).toBe(start);
    expect(zh.fromInput('')).toBeNull();
  });

  it('says lengths in the two units that matter', () => {
    expect(zh.span(42_000)).toBe('42 秒');
    expect(zh.span(125_000)).toBe('2 分 05 秒');
    expect(zh.span(45 * 60_000)).toBe('45 分钟');
    expect(en.span(65 * 60_000)).toBe('1 h 5 min');
    expect(en.span(86_400_000)).toBe('1 day');
  });
});
