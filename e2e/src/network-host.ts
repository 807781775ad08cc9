/**
 * A host of its own on this machine: a network namespace joined to the rest by one cable that can be pulled. What
 * runs in it loses TCP and UDP alike, without being told, as a phone does in a tunnel. Needs root and iproute2.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...words: string[]) => run('ip', words);

export interface NetworkHost {
  /** This machine as the host sees it. */
  readonly gateway: string;
  /** A program that runs `executable` inside the host. */
  readonly wrap: (executable: string) => Promise<string>;
  /**
   * From here on nothing leaves the host but TCP: to any port, or to these alone, as a network's firewall would have it.
   * Once for each host.
   */
  readonly allowTcpOnly: (ports?: readonly number[]) => Promise<void>;
  /** One more address of this machine, for a server that wants a port of its own; it goes with the host. */
  readonly addAddress: (address: string) => Promise<void>;
  readonly cut: () => Promise<void>;
  readonly heal: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** `number` (0–250) keeps hosts of one run apart. */
export async function createNetworkHost(number: number): Promise<NetworkHost> {
  const name = `keshi${process.pid % 10_000}n${number}`;
  const near = `ks${process.pid % 10_000}n${number}`;
  const gateway = `10.213.${number}.1`;
  const address = `10.213.${number}.2`;
  const folder = await mkdtemp(join(tmpdir(), 'keshi-host-'));
  await ip('netns', 'add', name);
  await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('address', 'add', `${gateway}/30`, 'dev', near);
  await ip('link', 'set', near, 'up');
  await ip('-n', name, 'address', 'add', `${address}/30`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', name, 'route', 'add', 'default', 'via', gateway);
  return {
    gateway,
    async wrap(executable) {
      const file = join(folder, 'run');
      await writeFile(file, `#!/bin/sh\nexec ip netns exec ${name} ${executable} "$@"\n`);
      await chmod(file, 0o755);
      return file;
    },
    async allowTcpOnly(ports) {
      // By rules of routing, which need no packet filter: what finds no route is not sent.
      const rule = (...words: string[]) => ip('-n', name, 'rule', 'add', ...words);
      await rule('preference', '10', 'ipproto', 'udp', 'blackhole');
      if (!ports) return;
      for (const port of ports)
        await rule('preference', '20', 'ipproto', 'tcp', 'dport', String(port), 'lookup', 'main');
      await rule('preference', '30', 'ipproto', 'tcp', 'blackhole');
    },
    addAddress: async (added) => void (await ip('address', 'add', `${added}/32`, 'dev', near)),
    cut: async () => void (await ip('link', 'set', near, 'down')),
    heal: async () => void (await ip('link', 'set', near, 'up')),
    async close() {
      await ip('netns', 'delete', name);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
