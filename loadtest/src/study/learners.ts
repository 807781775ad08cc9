/** A thousand learners, each with one report on its way at all times. */
import { Agent, request } from 'node:http';

export interface Reporter {
  userId: string;
  path: string;
  headers: Record<string, string>;
  sessionId: string;
  seq: number;
  /** The last that was answered. */
  answered: number;
  position: number;
}

/** Reports of all of them for so long; answers how many were answered. A server that goes ends it. */
export async function reportFor(port: number, reporters: readonly Reporter[], ms: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: reporters.length });
  const until = performance.now() + ms;
  let count = 0;
  await Promise.all(
    reporters.map(async (reporter) => {
      while (performance.now() < until) {
        reporter.seq += 1;
        const from = reporter.position;
        reporter.position += 40;
        const ok = await send(agent, port, reporter, {
          sessionId: reporter.sessionId,
          seq: reporter.seq,
          spans: [[from, reporter.position]],
          visible: true,
          position: reporter.position,
        });
        if (!ok) return;
        reporter.answered = reporter.seq;
        count += 1;
      }
    }),
  );
  agent.destroy();
  return count;
}

function send(agent: Agent, port: number, { path, headers }: Reporter, body: object): Promise<boolean> {
  const text = JSON.stringify(body);
  return new Promise((resolve) => {
    const sent = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode === 200));
        response.on('error', () => resolve(false));
      },
    );
    sent.on('error', () => resolve(false));
    sent.end(text);
  });
}
