/** An authority as docs/identity-verifier.md describes one: a real HTTP server with a register of its own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { signatureOf } from '../src/identity/verifier.ts';

export interface AskedOf {
  requestId: string;
  name: string;
  document: { kind: string; number: string };
  photo: string | null;
}

export type Behaviour = 'right' | 'down' | 'hangs' | 'unsigned' | 'garbled' | 'another' | 'busy';

export async function startAuthority(secret: string, register: Readonly<Record<string, string>>) {
  const asked: AskedOf[] = [];
  let behaviour: Behaviour = 'right';
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      const at = String(req.headers['x-keshi-timestamp']);
      if (req.headers['x-keshi-signature'] !== signatureOf(secret, at, body)) return res.writeHead(401).end();
      const question = JSON.parse(body) as AskedOf;
      asked.push(question);
      if (behaviour === 'hangs') return undefined;
      if (behaviour === 'down') return res.writeHead(500).end();
      if (behaviour === 'busy') return res.writeHead(429, { 'retry-after': '7' }).end();
      const known = register[question.document.number];
      const outcome = known === undefined ? 'unknown' : known === question.name ? 'matched' : 'mismatch';
      const answer = {
        requestId: behaviour === 'another' ? 'another' : question.requestId,
        outcome,
        photo: question.photo && outcome === 'matched' ? 'matched' : 'not-compared',
      };
      const reply = behaviour === 'garbled' ? 'yes' : JSON.stringify(answer);
      const now = String(Date.now());
      const signature = behaviour === 'unsigned' ? '0'.repeat(64) : signatureOf(secret, now, reply);
      return res.writeHead(200, { 'x-keshi-timestamp': now, 'x-keshi-signature': signature }).end(reply);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/verify`,
    asked,
    behave(next: Behaviour) {
      behaviour = next;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
