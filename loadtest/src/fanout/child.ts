/** Programs of a bench in processes of their own, asked over the channel that Node gives to its children. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a child does when asked, by name. */
export type Answers = Record<string, (request: never) => unknown>;
type RequestOf<A extends Answers, K extends keyof A> = Parameters<A[K]>[0];
type ReplyOf<A extends Answers, K extends keyof A> = Awaited<ReturnType<A[K]>>;

interface Question {
  id: number;
  name: string;
  request: unknown;
}
type Reply = { id: number; reply: unknown } | { id: number; error: string };

export interface Child<A extends Answers> {
  readonly pid: number;
  /** Rejects when the child fails or ends. */
  ask<K extends keyof A & string>(name: K, request: RequestOf<A, K>): Promise<ReplyOf<A, K>>;
  stop(): Promise<void>;
}

/** `program` exports nothing: it calls `answer` with what `A` says. */
export function startChild<A extends Answers>(program: URL, env: NodeJS.ProcessEnv = {}): Child<A> {
  const child = fork(fileURLToPath(program), {
    serialization: 'advanced',
    env: { ...process.env, ...env },
    execArgv: [],
  });
  const killOnExit = () => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', (message) => {
    const answered = message as Reply;
    const one = waiting.get(answered.id);
    waiting.delete(answered.id);
    if ('error' in answered) one?.reject(new Error(answered.error));
    else one?.resolve(answered.reply);
  });
  child.once('exit', (code, signal) => {
    process.off('exit', killOnExit);
    for (const one of waiting.values())
      one.reject(new Error(`a process of the bench ended: ${signal ?? code}`));
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    async ask(name, request) {
      if (!child.connected) throw new Error('a process of the bench has ended');
      const one = Promise.withResolvers<unknown>();
      const question: Question = { id: ++asked, name, request };
      waiting.set(question.id, one);
      child.send(question);
      return one.promise as Promise<never>;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** On the child's side. A child whose parent is gone ends. */
export function answer(answers: Answers): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (message) => {
    const { id, name, request } = message as Question;
    const reply = async () => answers[name]?.(request as never);
    reply().then(
      (value) => process.send?.({ id, reply: value } satisfies Reply),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Reply),
    );
  });
}
