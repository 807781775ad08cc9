/**
 * A scenario under the model: people arrive, are placed by the service's own functions on what each signaling node
 * knows of the cluster at that moment, wait in the queues of the processes that serve them, and get media; a node that
 * fails is noticed, and its people come back the same way.
 *
 * What is modelled: announcements that are a second old, placements other signaling nodes cannot see yet, refusals by
 * full workers, queues of single-threaded processes, stages that must be published anew. What is not: people's own
 * networks, and anything after media have come.
 */
import {
  defaultClusterPolicy,
  placeViewer,
  type ClusterPolicy,
  type NodeLoad,
} from '@keshi/signaling/media/placement';
import { placeByLoad, usedOf } from '@keshi/sfu/placement';
import { createModelClass, type ModelClass } from './class-model.ts';
import type { Costs, Delays, Stream } from './costs.ts';
import { createEventQueue } from './events.ts';
import { createModelNode, processorShare, type ModelNode, type ModelSeat } from './node-model.ts';
import { createRandom } from './random.ts';

export interface Scenario {
  name: string;
  /** Learners of each class; every class has an instructor besides. */
  classes: readonly number[];
  /** Everybody comes within this time, evenly; instructors in its first tenth. */
  arriveWithinMs: number;
  /** When nodes fail, the most loaded first; each stays away. */
  failuresAtMs: readonly number[];
  endMs: number;
  signalingNodes: number;
  workersPerNode: number;
  seed: number;
}

export interface Means {
  costs: Costs;
  delays: Delays;
  stage: readonly Stream[];
  policy?: ClusterPolicy;
}

export interface Sample {
  atMs: number;
  withMedia: number;
  /** Of the fullest worker: of its budget, and of its core. */
  worstBudgetShare: number;
  worstProcessorShare: number;
}

export interface Failure {
  atMs: number;
  /** People whose media were on that node. */
  hit: number;
  /** Until all have media again; null when that did not come. */
  healedAfterMs: number | null;
}

export interface Outcome {
  nodes: number;
  learners: number;
  /** Learners with sound alone, as files, or refused, at most at any time. */
  squeezed: number;
  refused: number;
  /** Just before the first failure. */
  pipes: number;
  /** At any time. */
  worstBudgetShare: number;
  worstProcessorShare: number;
  rejoins: number;
  failures: Failure[];
  /** From setting out to media, of first joins, ms. */
  joinP95Ms: number;
  samples: Sample[];
}

interface Person {
  readonly class: ModelClass;
  readonly isHost: boolean;
  /** Where the page is connected. */
  readonly signaling: Signaling;
  setOutAt: number;
  node: ModelNode | null;
  seat: ModelSeat | null;
  hasMedia: boolean;
  /** Counts its joins, so that what an older one still had under way is passed over. */
  attempt: number;
}

/** A signaling node: one thread, and its own view of the cluster. */
interface Signaling {
  freeAt: number;
  known: Map<string, { load: NodeLoad; announced: number; recent: { until: number; streams: number }[] }>;
}

interface ClassState {
  readonly class: ModelClass;
  readonly coordinator: Signaling;
  /** Learners of it who have media while the stage is up. */
  ready: number;
  isUp: boolean;
}

const sampleEveryMs = 500;
const retryMs = 2_000;

export function runScenario(scenario: Scenario, nodeCount: number, means: Means): Outcome {
  const { costs, delays, stage, policy = defaultClusterPolicy } = means;
  const random = createRandom(scenario.seed);
  const queue = createEventQueue();
  const placement = placeByLoad();
  const sounds = stage.filter(({ isSound }) => isSound);
  const alive = new Set<ModelNode>();
  const byId = new Map<string, ModelNode>();
  const signaling = Array.from({ length: scenario.signalingNodes }, (): Signaling => ({
    freeAt: 0,
    known: new Map(),
  }));
  const states = new Map<ModelClass, ClassState>();
  const people: Person[] = [];
  const outcome: Outcome = {
    nodes: nodeCount,
    learners: scenario.classes.reduce((sum, size) => sum + size, 0),
    squeezed: 0,
    refused: 0,
    pipes: 0,
    worstBudgetShare: 0,
    worstProcessorShare: 0,
    rejoins: 0,
    failures: [],
    joinP95Ms: 0,
    samples: [],
  };
  const joinMs: number[] = [];
  let withMedia = 0;
  let squeezed = 0;
  /** Everybody has had media once, and a failure is a failure from here on. */
  let unhealed: Failure[] = [];

  const noticedMs = () =>
    delays.noticedMs.least + random.next() * (delays.noticedMs.most - delays.noticedMs.least);
  const pick = () => {
    const chosen = signaling[random.below(signaling.length)];
    if (!chosen) throw new Error('a cluster needs a signaling node');
    return chosen;
  };
  const stateOf = (one: ModelClass): ClassState => {
    const state = states.get(one);
    if (!state) throw new Error('no such class');
    return state;
  };

  /** Whoever serves one thing after another: when it will have done this too. */
  function serve(server: { freeAt: number }, ms: number): number {
    server.freeAt = Math.max(server.freeAt, queue.now) + ms;
    return server.freeAt;
  }

  function gain(count: number): void {
    withMedia += count;
    if (withMedia < outcome.learners) return;
    for (const failure of unhealed) failure.healedAfterMs = queue.now - failure.atMs;
    unhealed = [];
  }

  function setUp(state: ClassState, isUp: boolean): void {
    if (state.isUp === isUp) return;
    state.isUp = isUp;
    if (isUp) gain(state.ready);
    else withMedia -= state.ready;
  }

  function setReady(person: Person, hasMedia: boolean): void {
    if (person.isHost || person.hasMedia === hasMedia) return;
    person.hasMedia = hasMedia;
    const state = stateOf(person.class);
    state.ready += hasMedia ? 1 : -1;
    if (!state.isUp) return;
    if (hasMedia) gain(1);
    else withMedia -= 1;
  }

  /** What a signaling node knows of all nodes now. */
  function viewOf(at: Signaling): NodeLoad[] {
    const loads: NodeLoad[] = [];
    for (const { load, announced, recent } of at.known.values()) {
      while (recent[0] && recent[0].until <= queue.now) recent.shift();
      load.used = announced + recent.reduce((sum, { streams }) => sum + streams, 0);
      loads.push(load);
    }
    return loads;
  }

  function join(person: Person): void {
    person.attempt += 1;
    const { attempt } = person;
    const isCurrent = () => person.attempt === attempt;
    const then = (time: number, step: () => void) =>
      queue.at(time, () => {
        if (isCurrent()) step();
      });
    const { coordinator } = stateOf(person.class);
    const without = new Set<string>();

    const ask = () => then(serve(person.signaling, costs.signalingJoinMs), decide);
    const decide = () => then(serve(coordinator, costs.coordinatorJoinMs), place);

    const place = () => {
      // What cannot be reached from where the page is connected is left out.
      const nodes = viewOf(coordinator).filter(({ id }) => person.signaling.known.has(id));
      const placed = placeViewer(
        nodes,
        { classId: person.class.id, nodes: person.class.carrying, hlsRoom: 0 },
        {
          streams: stage.length,
          sounds: sounds.length,
          region: null,
          current: null,
          squeezed: false,
          stage: person.isHost,
          without,
        },
        policy,
      );
      if (placed.kind !== 'node') {
        outcome.refused += 1;
        then(queue.now + (placed.kind === 'full' ? placed.retryMs : retryMs), ask);
        return;
      }
      const node = byId.get(placed.nodeId);
      if (!node) throw new Error('placed nowhere');
      const streams = placed.audioOnly ? sounds : stage;
      coordinator.known
        .get(node.id)
        ?.recent.push({ until: queue.now + delays.shownAfterMs, streams: streams.length });
      then(serve(node, costs.nodeJoinMs), () => enter(node, streams, placed.audioOnly));
    };

    const enter = (node: ModelNode, streams: readonly Stream[], audioOnly: boolean) => {
      // A node that has died does not answer; the page's node of signaling will notice and begin anew.
      person.node = node;
      if (!alive.has(node)) return;
      const seat = person.class.enter(node, person.isHost ? [] : streams, audioOnly);
      if (!seat) {
        person.node = null;
        without.add(node.id);
        decide();
        return;
      }
      person.seat = seat;
      if (audioOnly) {
        squeezed += 1;
        outcome.squeezed = Math.max(outcome.squeezed, squeezed);
      }
      const worker = node.workers[seat.worker];
      if (!worker) throw new Error('no such worker');
      // What forwarding takes of the core is not there for handshakes.
      const left = Math.max(0.05, 1 - processorShare(worker, costs));
      const connected = serve(worker, costs.workerJoinMs / left) + delays.joinRoundTrips * delays.roundTripMs;
      const picture = person.isHost ? 0 : random.next() * delays.keyFrameMs;
      then(connected + picture, () => (person.isHost ? publish(person, node) : watch(person)));
    };

    ask();
  }

  function watch(person: Person): void {
    if (person.attempt === 1) joinMs.push(queue.now - person.setOutAt);
    setReady(person, true);
  }

  function publish(person: Person, node: ModelNode): void {
    if (person.class.stageNode || !alive.has(node)) return;
    person.class.publish(node);
    const state = stateOf(person.class);
    queue.at(queue.now + delays.roundTripMs + random.next() * delays.keyFrameMs, () => {
      if (person.class.stageNode) setUp(state, true);
    });
  }

  function announce(node: ModelNode): void {
    if (!alive.has(node)) return;
    const used = node.used();
    queue.at(queue.now + delays.registryMs, () => {
      if (!alive.has(node)) return;
      for (const { known } of signaling) {
        const entry = known.get(node.id);
        if (entry) entry.announced = used;
      }
    });
    queue.at(queue.now + delays.announceEveryMs, () => announce(node));
  }

  function fail(): void {
    let victim: ModelNode | null = null;
    for (const node of alive) if (!victim || node.used() > victim.used()) victim = node;
    if (!victim || alive.size === 1) return;
    const lost = victim;
    alive.delete(lost);
    const hit = people.filter(({ node }) => node === lost);
    const failure: Failure = {
      atMs: queue.now,
      hit: hit.filter(({ seat, isHost }) => seat !== null && !isHost).length,
      healedAfterMs: null,
    };
    outcome.failures.push(failure);
    unhealed.push(failure);
    for (const person of hit) {
      if (person.seat && person.seat.streams.length < stage.length && !person.isHost) squeezed -= 1;
      person.seat = null;
      setReady(person, false);
    }
    for (const one of states.keys()) {
      if (one.stageNode === lost) setUp(stateOf(one), false);
      one.lose(lost);
    }
    for (const at of signaling)
      queue.at(queue.now + noticedMs(), () => {
        at.known.delete(lost.id);
        for (const person of people) {
          if (person.node !== lost || person.signaling !== at) continue;
          person.node = null;
          outcome.rejoins += 1;
          queue.at(queue.now + delays.roundTripMs, () => join(person));
        }
      });
  }

  function sample(): void {
    let worstBudgetShare = 0;
    let worstProcessorShare = 0;
    for (const node of alive)
      for (const worker of node.workers) {
        const load = { ...worker, consumers: worker.consumers + worker.piped, hasRouter: false };
        worstBudgetShare = Math.max(
          worstBudgetShare,
          usedOf(load, placement.policy) / placement.policy.budget,
        );
        worstProcessorShare = Math.max(worstProcessorShare, processorShare(worker, costs));
      }
    outcome.worstBudgetShare = Math.max(outcome.worstBudgetShare, worstBudgetShare);
    outcome.worstProcessorShare = Math.max(outcome.worstProcessorShare, worstProcessorShare);
    outcome.samples.push({ atMs: queue.now, withMedia, worstBudgetShare, worstProcessorShare });
    queue.at(queue.now + sampleEveryMs, sample);
  }

  for (let at = 0; at < nodeCount; at++) {
    const node = createModelNode(`node-${at}`, scenario.workersPerNode, placement, stage);
    alive.add(node);
    byId.set(node.id, node);
    // Known to everybody before anybody comes; each says how loaded it is at its own moment of the second.
    for (const { known } of signaling)
      known.set(node.id, {
        load: { id: node.id, draining: false, region: null, budget: node.budget, used: 0 },
        announced: 0,
        recent: [],
      });
    queue.at(random.next() * delays.announceEveryMs, () => announce(node));
  }
  const arrive = (one: ModelClass, isHost: boolean) => {
    const within = isHost ? scenario.arriveWithinMs / 10 : scenario.arriveWithinMs;
    const setOutAt = random.next() * within;
    const person: Person = {
      class: one,
      isHost,
      signaling: pick(),
      setOutAt,
      node: null,
      seat: null,
      hasMedia: false,
      attempt: 0,
    };
    people.push(person);
    queue.at(setOutAt, () => join(person));
  };
  for (const [at, size] of scenario.classes.entries()) {
    const one = createModelClass(`class-${scenario.seed}-${at}`);
    states.set(one, { class: one, coordinator: pick(), ready: 0, isUp: false });
    arrive(one, true);
    for (let learner = 0; learner < size; learner++) arrive(one, false);
  }
  queue.at(0, sample);
  for (const [at, time] of scenario.failuresAtMs.entries())
    queue.at(time, () => {
      if (at === 0) for (const node of alive) outcome.pipes += node.pipes();
      fail();
    });
  queue.runUntil(scenario.endMs);
  if (scenario.failuresAtMs.length === 0) for (const node of alive) outcome.pipes += node.pipes();
  joinMs.sort((a, b) => a - b);
  outcome.joinP95Ms = joinMs[Math.floor(joinMs.length * 0.95)] ?? NaN;
  return outcome;
}
