import type { Locale } from '@keshi/contract/domain';

const zone = 'Asia/Shanghai';
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const two = (n: number) => String(n).padStart(2, '0');
/** Days are those of Asia/Shanghai, which has no summer time. */
const dayNumber = (at: number) => Math.floor((at + 8 * hour) / day);

/** The beginning of the day of Asia/Shanghai that `at` falls in. */
export const dayStart = (at: number) => dayNumber(at) * day - 8 * hour;

/** Numbers and times as people read them, in the language `locale` answers; all times are those of Asia/Shanghai. */
export class Format {
  #locale: () => Locale;
  #now: () => number;
  #formats = new Map<string, Intl.DateTimeFormat>();

  constructor(locale: () => Locale, now: () => number) {
    this.#locale = locale;
    this.#now = now;
  }

  #date(at: number, name: string, options: Intl.DateTimeFormatOptions): string {
    const locale = this.#locale();
    const key = `${locale} ${name}`;
    let format = this.#formats.get(key);
    if (!format) {
      const language = locale === 'en' ? 'en-GB' : 'zh-CN';
      format = new Intl.DateTimeFormat(language, { timeZone: zone, hour12: false, ...options });
      this.#formats.set(key, format);
    }
    return format.format(at);
  }

  number(n: number): string {
    return n.toLocaleString(this.#locale());
  }

  /** `38/42`: a number never comes without its denominator. */
  of(n: number, total: number): string {
    return `${this.number(n)}/${this.number(total)}`;
  }

  /** `79.9%`, rounded down: a rate below the minimum must never look as if it had reached it. */
  percent(rate: number | null): string {
    if (rate === null) return '–';
    const tenths = Math.floor(rate * 1000 + 1e-9) / 10;
    return `${Number.isInteger(tenths) ? tenths : tenths.toFixed(1)}%`;
  }

  /** `32:10`, `1:02:10`. */
  clock(ms: number): string {
    const seconds = Math.max(0, Math.floor(ms / second));
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
  }

  /** A length of time in words, in the two largest units that matter. */
  span(ms: number): string {
    const zh = this.#locale() === 'zh-CN';
    const total = Math.max(0, Math.round(ms / second));
    if (total < 60) return zh ? `${total} 秒` : `${total} s`;
    const minutes = Math.floor(total / 60);
    const seconds = total % 60;
    if (minutes < 10 && seconds > 0)
      return zh ? `${minutes} 分 ${two(seconds)} 秒` : `${minutes} min ${two(seconds)} s`;
    if (minutes < 60) return zh ? `${minutes} 分钟` : `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    if (hours < 24) {
      if (rest === 0) return zh ? `${hours} 小时` : `${hours} h`;
      return zh ? `${hours} 小时 ${rest} 分` : `${hours} h ${rest} min`;
    }
    const days = Math.floor(hours / 24);
    return zh ? `${days} 天` : days === 1 ? '1 day' : `${days} days`;
  }

  /** Hours to one decimal, rounded down (CH1 keeps seconds; only the display is rounded). */
  hours(ms: number): string {
    const tenths = Math.floor(ms / (hour / 10)) / 10;
    return this.#locale() === 'zh-CN' ? `${tenths.toFixed(1)} 小时` : `${tenths.toFixed(1)} h`;
  }

  /** [CH1] Class hours to one decimal, rounded down: `1.3 学时`. What was taken away stands with its sign. */
  credit(ms: number, classHourMs: number): string {
    const tenths = Math.floor((Math.abs(ms) * 10) / classHourMs) / 10;
    const sign = ms < 0 && tenths > 0 ? '−' : '';
    const text = `${sign}${tenths.toFixed(1)}`;
    return this.#locale() === 'zh-CN' ? `${text} 学时` : `${text} h`;
  }

  /** `3.4 MB`, of 1,000,000 bytes each. */
  bytes(n: number): string {
    const units = ['B', 'kB', 'MB', 'GB'];
    let at = 0;
    let size = n;
    while (size >= 1000 && at < units.length - 1) {
      size /= 1000;
      at += 1;
    }
    return `${at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[at] ?? ''}`;
  }

  /** How old something is, `1 s 前`. */
  age(ms: number): string {
    const text =
      ms < minute
        ? `${Math.max(0, Math.round(ms / second))} s`
        : ms < hour
          ? `${Math.floor(ms / minute)} min`
          : `${Math.floor(ms / hour)} h`;
    return this.#locale() === 'zh-CN' ? `${text} 前` : `${text} ago`;
  }

  /** `14:05`. */
  time(at: number): string {
    return this.#date(at, 'time', { hour: '2-digit', minute: '2-digit' });
  }

  /** `14:05:09`. */
  timeSeconds(at: number): string {
    return this.#date(at, 'seconds', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  }

  /** 今天, 明天, 昨天, else the date with its weekday, with the year when it is not this one. */
  day(at: number): string {
    const now = this.#now();
    const distance = dayNumber(at) - dayNumber(now);
    const zh = this.#locale() === 'zh-CN';
    if (distance === 0) return zh ? '今天' : 'Today';
    if (distance === 1) return zh ? '明天' : 'Tomorrow';
    if (distance === -1) return zh ? '昨天' : 'Yesterday';
    return this.date(at);
  }

  /** `5月3日 周六`, `Sat 3 May`. */
  date(at: number): string {
    const thisYear =
      this.#date(at, 'year', { year: 'numeric' }) === this.#date(this.#now(), 'year', { year: 'numeric' });
    if (this.#locale() === 'zh-CN') {
      const text = this.#date(at, 'date', { month: 'long', day: 'numeric' });
      const weekday = this.#date(at, 'weekday', { weekday: 'short' });
      return `${thisYear ? '' : this.#date(at, 'year', { year: 'numeric' })}${text} ${weekday}`;
    }
    return this.#date(
      at,
      thisYear ? 'date' : 'date-year',
      thisYear
        ? { weekday: 'short', month: 'short', day: 'numeric' }
        : { month: 'short', day: 'numeric', year: 'numeric' },
    );
  }

  /** `2026年5月3日`, `3 May 2026`, for what is kept. */
  longDate(at: number): string {
    return this.#date(at, 'long-date', { year: 'numeric', month: 'long', day: 'numeric' });
  }

  /** `5/3`, `3 May`, for the axis of a chart. */
  monthDay(at: number): string {
    const month = this.#locale() === 'zh-CN' ? 'numeric' : 'short';
    return this.#date(at, 'month-day', { month, day: 'numeric' });
  }

  /** `2026年5月`, `May 2026`, for the axis of a chart. */
  yearMonth(at: number): string {
    const month = this.#locale() === 'zh-CN' ? 'long' : 'short';
    return this.#date(at, 'year-month', { year: 'numeric', month });
  }

  /** The time, with the date when it is not today. */
  dateTime(at: number): string {
    return dayNumber(at) === dayNumber(this.#now()) ? this.time(at) : `${this.day(at)} ${this.time(at)}`;
  }

  /** Everything, to the second, for records. */
  exact(at: number): string {
    return this.#date(at, 'exact', {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  /** `今天 14:00–14:45`. */
  range(from: number, to: number): string {
    const sameDay = dayNumber(from) === dayNumber(to);
    return `${this.day(from)} ${this.time(from)}–${sameDay ? this.time(to) : this.dateTime(to)}`;
  }

  /** `2026-05-03T14:00` for a date-time input, in Asia/Shanghai. */
  toInput(at: number): string {
    return new Date(at + 8 * hour).toISOString().slice(0, 16);
  }

  /** The instant a date-time input means, in Asia/Shanghai; null while it is incomplete. */
  fromInput(text: string): number | null {
    const at = Date.parse(`${text}:00+08:00`);
    return Number.isNaN(at) ? null : at;
  }
}
