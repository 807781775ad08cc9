/** One load: a cluster of this product, its people, and the generators that play them. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@keshi/e2e/postgres';
import { createLogger } from '@keshi/runtime/log';
import { startRedis } from '@keshi/runtime/testing/redis';
import { nodesOf, nodesToTry } from '../../../start/cluster/front.ts';
import { startCluster, type Cluster } from '../../../start/cluster/services.ts';
import {
  membersPerGenerator,
  mergeSummaries,
  startGenerator,
  type Generator,
  type LoadMember,
  type Programs,
} from './generators.ts';
import { residentBytes, sampleLoad, type Sample } from './samples.ts';
import type { LoadScenario } from './scenarios.ts';
import { seedWorld, type World } from './world.ts';

export interface LoadResult {
  members: number;
  signalingNodes: number;
  /** How many members k6 and the holder played, and in how many processes. */
  playedBy: Record<keyof Programs, { members: number; processes: number }>;
  /** Of each metric of k6, what it counted or its quantiles. */
  figures: Record<string, Record<string, number>>;
  /** Thresholds that did not hold; a load without any has passed. */
  crossed: string[];
  samples: readonly Sample[];
  /** Growth of the signaling nodes' resident memory until the hold, for each member. */
  kbPerConnection: number;
}

export interface LoadOptions {
  scenario: LoadScenario;
  programs: Programs;
  /** Told what is being done. */
  say: (line: string) => void;
  onOutput?: (text: string) => void;
  /** Ends the load: all that was started is stopped, and the promise rejects. */
  signal: AbortSignal;
  /** Where the signaling nodes leave their processor profiles; null: none. */
  profileInto: string | null;
}

/** A node holds at most what one process may open, and two make a cluster. */
const membersPerNode = 17_000;
const leastNodes = 2;
/** Generators read their plans and compile their scripts before the first member sets out. */
const headStartMs = 8_000;
const headStartPerMemberMs = 0.15;

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { scenario, say, onOutput, profileInto } = options;
  const closers: (() => Promise<void>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), 'keshi-load-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startPostgres();
    closers.push(() => postgres.stop());
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const log = createLogger({ name: 'load', level: 'error', format: 'json' });
    const { classes, observers, heartbeatMs } = scenario;
    const learners = classes.reduce((sum, size) => sum + size, 0);
    say(`making ${classes.length} classes with ${learners} learners`);
    const databaseUrl = postgres.url;
    const world = await seedWorld({ dataDir: folder, databaseUrl, classes, observers, heartbeatMs, log });
    const nodes = Math.max(leastNodes, Math.ceil((learners + classes.length + observers) / membersPerNode));
    say(`starting ${nodes} signaling nodes`);
    const cluster = await startCluster({
      dataDir: folder,
      databaseUrl,
      redisUrl: redis.url,
      signalingNodes: nodes,
      sfuNodes: 0,
      env: { LOG_LEVEL: 'warn', DEMO: 'false' },
      ...(profileInto !== null && {
        nodeArgs: (role) => (role === 'signaling' ? ['--cpu-prof', `--cpu-prof-dir=${profileInto}`] : []),
      }),
      ...(onOutput && { onOutput }),
    });
    closers.push(() => cluster.stop());
    const members = await membersOf(world, cluster, scenario);
    // Only one class is lively, and only its quiz is counted.
    return await play({ ...options, folder, cluster, members, learners: classes[0] ?? 0 });
  } finally {
    for (const step of closers.toReversed()) await step();
  }
}

/**
 * All classes fill at the same time, hosts first, then learners by turns of the classes, with the observers spread among
 * them; or one class after another, each with its staff first.
 */
async function membersOf(world: World, cluster: Cluster, scenario: LoadScenario): Promise<LoadMember[]> {
  const { classes } = world;
  const lifeMs = scenario.rampMs + scenario.holdMs + 600_000;
  const urls = cluster.signaling.map(({ port }) => `ws://127.0.0.1:${port}`);
  const place = asTheFrontDoes(urls.length);
  const largest = Math.max(...classes.map(({ learners }) => learners.length));
  const hosts = classes.map(({ host: person }, classAt) => ({ person, classAt, n: 0 }));
  const observersOf = (classAt: number) =>
    (classes[classAt]?.observers ?? []).map((person, n) => ({ person, classAt, n }));
  const classByClass = () =>
    hosts.flatMap((host, classAt) => [
      host,
      ...observersOf(classAt),
      ...(classes[classAt]?.learners ?? []).map((person, n) => ({ person, classAt, n })),
    ]);
  const together = () => {
    const learners = Array.from({ length: largest }, (_, n) =>
      classes.flatMap(({ learners: { [n]: person } }, classAt) => (person ? [{ person, classAt, n }] : [])),
    ).flat();
    const observers = hosts.flatMap((_, classAt) => observersOf(classAt));
    return [...hosts, ...mixed(learners, observers)];
  };
  const people = scenario.arrival === 'together' ? together() : classByClass();
  return Promise.all(
    people.map(async ({ person, classAt, n }, at) => {
      const { classId = '' } = classes[classAt] ?? {};
      const url = urls[place(classId)] ?? '';
      const ticket = await world.sign(classId, person, lifeMs);
      return { url, ticket, role: person.role, classAt, n, at };
    }),
  );
}

/** Both in their own order, the fewer ones evenly among the others. */
function mixed<T>(...groups: (readonly T[])[]): T[] {
  return groups
    .flatMap((group) => group.map((one, at) => ({ one, at: at / group.length })))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** Members connect without the front, which would take its share of the machine, and to the nodes it would have chosen. */
function asTheFrontDoes(nodes: number): (classId: string) => number {
  const connections = Array.from({ length: nodes }, () => 0);
  const orders = new Map<string, number[]>();
  return (classId) => {
    const order = orders.get(classId) ?? nodesOf(classId, nodes);
    orders.set(classId, order);
    const [node = 0] = nodesToTry(order, connections);
    connections[node] = (connections[node] ?? 0) + 1;
    return node;
  };
}

interface Play extends LoadOptions {
  folder: string;
  cluster: Cluster;
  members: LoadMember[];
  learners: number;
}

async function play({
  scenario,
  programs,
  say,
  onOutput,
  signal,
  folder,
  cluster,
  members,
  learners,
}: Play): Promise<LoadResult> {
  const startAtMs = Date.now() + headStartMs + Math.ceil(headStartPerMemberMs * members.length);
  const generators: Generator[] = [];
  const signalingPids = () => cluster.signaling.map((node) => node.pid());
  const resident = () => signalingPids().reduce((sum, pid) => sum + residentBytes(pid), 0);
  const empty = resident();
  const sampler = sampleLoad({
    signaling: signalingPids,
    generators: () => generators.map(({ pid }) => pid),
  });
  try {
    const shares = sharesOf(members, scenario);
    say(`${members.length} members set out, ${playedBy(shares, 'k6').members} of them played by k6`);
    for (const [n, share] of shares.entries())
      generators.push(
        await startGenerator({
          programs,
          ...share,
          folder,
          n,
          scenario,
          total: { members: members.length, learners },
          startAtMs,
          onOutput: onOutput ?? (() => undefined),
        }),
      );
    const summaries = await Promise.race([
      Promise.all(generators.map(({ finished }) => finished)),
      abortion(signal),
      scenario.stormAfterMs === null
        ? never
        : raiseStorm(cluster, startAtMs + scenario.rampMs + scenario.stormAfterMs, say),
    ]);
    const { figures, crossed } = mergeSummaries(summaries);
    const fullest = Math.max(...sampler.samples.map(({ signalingMb }) => signalingMb * 1e6));
    return {
      members: members.length,
      signalingNodes: cluster.signaling.length,
      playedBy: { k6: playedBy(shares, 'k6'), holder: playedBy(shares, 'holder') },
      figures,
      crossed,
      samples: sampler.samples,
      kbPerConnection: (fullest - empty) / members.length / 1_000,
    };
  } finally {
    sampler.stop();
    for (const generator of generators) generator.stop();
  }
}

const never = new Promise<never>(() => undefined);

/** Every signaling node at once, as when the power of a rack goes and comes back. Rejects when one does not start again. */
async function raiseStorm(cluster: Cluster, atMs: number, say: (line: string) => void): Promise<never> {
  await delay(atMs - Date.now());
  say('killing every signaling node');
  await Promise.all(cluster.signaling.map((node) => node.kill()));
  await Promise.all(cluster.signaling.map((node) => node.start()));
  say('every signaling node is back');
  return never;
}

async function abortion(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw new Error('the load was ended');
}

interface Share {
  kind: keyof Programs;
  members: LoadMember[];
}

/** Those who do something are k6's: hosts and observers, and the learners who speak; and a sample of the others. */
function sharesOf(members: readonly LoadMember[], { lively, sampledByK6 }: LoadScenario): Share[] {
  const speakers = lively === null ? 0 : Math.max(lively.chatters, lively.questions + lively.votes);
  const speaks = ({ role, classAt, n }: LoadMember) => role !== 'attendee' || (classAt === 0 && n < speakers);
  const doers = members.filter(speaks);
  const others = members.filter((member) => !speaks(member));
  // A frame for a class wakes as few processes as may be.
  const among = (kind: keyof Programs, own: readonly LoadMember[]): Share[] => {
    const byClass = own.toSorted((a, b) => a.classAt - b.classAt);
    const count = Math.ceil(own.length / membersPerGenerator);
    const each = Math.ceil(own.length / count);
    return Array.from({ length: count }, (_, n) => ({
      kind,
      members: byClass.slice(n * each, (n + 1) * each),
    }));
  };
  const sample = others.slice(0, sampledByK6);
  return [...among('k6', [...doers, ...sample]), ...among('holder', others.slice(sample.length))];
}

function playedBy(shares: readonly Share[], kind: keyof Programs) {
  const own = shares.filter((share) => share.kind === kind);
  return { members: own.reduce((sum, share) => sum + share.members.length, 0), processes: own.length };
}
