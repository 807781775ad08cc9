/** Requests as cheap as they can be: the generator shares the machine with what it measures. */
import http from 'node:http';

export interface Target {
  origin: string;
  agent: http.Agent;
}

export function targetOf(origin: string, sockets: number): Target {
  return { origin, agent: new http.Agent({ keepAlive: true, maxSockets: sockets }) };
}

export interface Answer {
  status: number;
  body: unknown;
}

/** Rejects when nobody answers, or the answer breaks off. */
export function post(target: Target, path: string, token: string, body: unknown): Promise<Answer> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = http.request(
      target.origin + path,
      {
        method: 'POST',
        agent: target.agent,
        timeout: 20_000,
        headers: {
          authorization: `Bearer ${token}`,
          ...(payload === ''
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          try {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', reject);
    request.end(payload);
  });
}
