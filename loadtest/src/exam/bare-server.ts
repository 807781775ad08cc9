/**
 * The peer of the bench: `node:http` and the same group commit into the same tables, and nothing else. It knows nobody,
 * asks for no right, looks at no answer, and takes whatever is sent for what it says it is.
 */
import { createServer } from 'node:http';
import { createDb } from '@keshi/db/client';
import { type Save, type SaveResult, storeSaves } from '@keshi/db/exam-saves';
import { createGroupCommit } from '@keshi/runtime/group-commit';

const nothing = () => undefined;
const db = createDb({
  url: process.env['DATABASE_URL'] ?? '',
  keys: [{ id: 'bench', secret: Buffer.alloc(32, 1) }],
  log: { info: nothing, warn: nothing, error: nothing },
});
const commits = createGroupCommit<Save, SaveResult | null>({
  write: (saves) => storeSaves(db, saves, () => 'accepted', { lostAfterMs: Infinity }),
  most: 500,
  waitMs: 20,
  lanes: 2,
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const attemptId = request.url?.split('/')[3] ?? '';
    // The peer believes what it is sent; that is what it saves.
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Omit<Save, 'attemptId' | 'sid' | 'at'>;
    commits.add({ ...body, attemptId, sid: attemptId, at: Date.now() }).then(
      (result) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(result));
      },
      () => {
        response.writeHead(503);
        response.end('{}');
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.once('disconnect', () => process.exit(0));
