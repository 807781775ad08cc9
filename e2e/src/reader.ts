/** Someone of the institution who reads the record over the HTTP interface, apart from every page under test. */
import type { ClassReport } from '@keshi/contract/http/classes';
import { classRoutes } from '@keshi/contract/http/classes';
import { authRoutes } from '@keshi/contract/http/auth';
import { replayRoutes, type Replay } from '@keshi/contract/http/replay';
import type { BoardRow, TimelineSpan } from '@keshi/contract/domain';

export interface Reader {
  readonly report: (classId: string) => Promise<ClassReport>;
  /** The learner's row by full name. */
  readonly row: (classId: string, name: string) => Promise<BoardRow>;
  readonly replay: (classId: string) => Promise<Replay>;
}

export async function createReader(url: string, login: string, password: string): Promise<Reader> {
  const answer = await fetch(`${url}${authRoutes.login.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ login, password }),
  });
  if (!answer.ok) throw new Error(`the login was answered with ${answer.status}: ${await answer.text()}`);
  const { accessToken } = authRoutes.login.reply.parse(await answer.json());

  async function report(classId: string): Promise<ClassReport> {
    const path = classRoutes.report.path.replace(':id', classId);
    const why = new URLSearchParams({ unmask: 'true', reason: 'comparison with the stored facts' });
    const read = await fetch(`${url}${path}?${why}`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    if (!read.ok) throw new Error(`the report was answered with ${read.status}: ${await read.text()}`);
    return classRoutes.report.reply.parse(await read.json());
  }
  async function replay(classId: string): Promise<Replay> {
    const path = replayRoutes.replay.path.replace(':id', classId);
    const read = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } });
    if (!read.ok) throw new Error(`the replay was answered with ${read.status}: ${await read.text()}`);
    return replayRoutes.replay.reply.parse(await read.json());
  }
  return {
    report,
    replay,
    async row(classId, name) {
      const { rows } = await report(classId);
      const row = rows.find((candidate) => candidate.name === name);
      if (!row) throw new Error(`${name} is not in the report of ${rows.length} learners`);
      return row;
    },
  };
}

/** What a time line says was missed. */
export const missed = (row: BoardRow): TimelineSpan[] => row.timeline.filter(({ kind }) => kind === 'absent');
