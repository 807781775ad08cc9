/**
 * Learners behind firewalls: one whose network lets TCP alone out, one whose network lets out nothing but the pages and
 * port 443, and one whose browser is made to use the relay over TLS. All of them see, hear, and are seen on stage.
 */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, chromiumPath, desktop, openBrowser } from '../src/chromium.ts';
import {
  enterClass,
  goOnStage,
  hears,
  inviteToStage,
  logIn,
  openConsole,
  raiseHand,
  sees,
  startClass,
} from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { createNetworkHost, type NetworkHost } from '../src/network-host.ts';
import { type Product, startProduct } from '../src/product.ts';
import { listenTo, picturesAfter, soundAfter } from '../src/streams.ts';
import { startTurnServer, type TurnServer } from '../src/turn-server.ts';

const secret = 'shared by the product and the relay';
const relayAddress = '10.213.43.1';
const host = '王建国';
const learners = { tcp: '张三', relayed: '李秀英', forced: '王小明' };
const patient = { timeout: 60_000, interval: 250 };

let hosts: NetworkHost[] = [];
let turn: TurnServer;
let product: Product;
let teacher: Browser;
let tcp: Browser;
let relayed: Browser;
let forced: Browser;

beforeAll(async () => {
  const open = await createNetworkHost(41);
  hosts = [open];
  const closed = await createNetworkHost(42);
  hosts.push(closed);
  await closed.addAddress(relayAddress);
  turn = await startTurnServer({ address: relayAddress, peer: open.gateway, secret });
  product = await startProduct({
    HOST: '0.0.0.0',
    // Not every address: to a relay on the same machine it would answer from another one than it was asked at.
    SFU_LISTEN_IP: open.gateway,
    TURN_URLS: turn.urls.join(','),
    TURN_SECRET: secret,
  });
  const url = `http://${open.gateway}:${product.port}`;
  const trusting = { secureOrigin: url, trustedKey: turn.trustedKey };
  teacher = await openBrowser(desktop, trusting);
  tcp = await openBrowser(desktop, { ...trusting, executablePath: await open.wrap(chromiumPath) });
  relayed = await openBrowser(desktop, { ...trusting, executablePath: await closed.wrap(chromiumPath) });
  forced = await openBrowser(desktop, trusting);
  await tcp.context.addInitScript(withoutRelay);
  await forced.context.addInitScript(relayOverTls);
  for (const { context } of [teacher, tcp, relayed, forced]) await listenTo(context);
  await logIn(teacher.page, url, 'teacher');
  await logIn(tcp.page, url, 'learner1');
  await logIn(relayed.page, url, 'learner2');
  await logIn(forced.page, url, 'learner3');
  await open.allowTcpOnly();
  await closed.allowTcpOnly([product.port, 443]);
});
afterAll(async () => {
  for (const browser of [teacher, tcp, relayed, forced]) await browser?.close();
  await product?.stop();
  await turn?.stop();
  for (const one of hosts) await one.close();
});

beforeEach(({ task }) =>
  keepEvidence(`closed ${task.name.slice(0, 40)}`, {
    pages: () => ({ teacher: teacher.page, tcp: tcp.page, relayed: relayed.page, forced: forced.page }),
    output: () => `${product.output()}\n${turn.output()}`,
  }),
);

/** Runs in the page before its own code: no relay is there to be quicker than the direct way. */
const withoutRelay = `{
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(asked) {
      super({ ...asked, iceServers: [] });
    }
  };
}`;

/** Runs in the page before its own code: whatever it asks for, its connections go through the relay, over TLS. */
const relayOverTls = `{
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(asked) {
      globalThis.keshiIceServers = asked?.iceServers ?? [];
      const iceServers = globalThis.keshiIceServers.map((server) => ({
        ...server,
        urls: [server.urls].flat().filter((address) => address.startsWith('turns:')),
      }));
      super({ ...asked, iceServers, iceTransportPolicy: 'relay' });
    }
  };
}`;

/** An expression for the page: between which candidates its connections carry media. */
const selectedPairs = `(async () => {
  const pairs = [];
  for (const connection of globalThis.keshiConnections) {
    const stats = await connection.getStats();
    for (const row of stats.values()) {
      const pair = row.type === 'transport' ? stats.get(row.selectedCandidatePairId) : undefined;
      if (!pair) continue;
      const { candidateType, protocol, relayProtocol = null } = stats.get(pair.localCandidateId);
      pairs.push({ candidateType, protocol, relayProtocol });
    }
  }
  return pairs;
})()`;

interface Way {
  candidateType: string;
  protocol: string;
  relayProtocol: string | null;
}

/** Both directions, what the class shows here and what it is shown of here; answers the ways media took. */
async function takesPart(learner: Browser, name: string): Promise<Way[]> {
  await enterClass(learner.page);
  await sees(learner.page, host);
  await hears(learner.page);
  await raiseHand(learner.page);
  await inviteToStage(teacher.page, name);
  await goOnStage(learner.page);
  await picturesAfter(learner.page, host);
  await soundAfter(learner.page);
  await picturesAfter(teacher.page, name);
  return learner.page.evaluate<Way[]>(selectedPairs);
}

describe('a class with learners behind firewalls', () => {
  test('begins as any other', async () => {
    await openConsole(teacher.page);
    await startClass(teacher.page);
  });

  test('reaches one whose network lets TCP alone out, without a relay', async () => {
    const ways = await takesPart(tcp, learners.tcp);
    expect(ways.length).toBe(2);
    // Seen from inside the candidate of a connection that goes out is of this host, or learnt on the way.
    for (const way of ways)
      expect(way).toEqual({
        candidateType: expect.stringMatching(/^(host|prflx)$/),
        protocol: 'tcp',
        relayProtocol: null,
      });
    // Pictures nobody looks at any more would only keep the machine from the next.
    await tcp.close();
  });

  test('reaches one whose network lets out nothing but the pages and 443, over the relay', async () => {
    const ways = await takesPart(relayed, learners.relayed);
    expect(ways.length).toBe(2);
    for (const way of ways)
      expect(way).toEqual({
        candidateType: 'relay',
        protocol: 'udp',
        relayProtocol: expect.stringMatching(/^(tcp|tls)$/),
      });
    await relayed.close();
  });

  test('reaches one who is made to use the relay, over TLS', async () => {
    const ways = await takesPart(forced, learners.forced);
    expect(ways.length).toBe(2);
    for (const way of ways)
      expect(way).toEqual({ candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' });
  });
});

/** Runs in the page, given TURN servers: the candidates they give and the codes of their refusals. */
const gather = `async (iceServers) => {
  // The page's own wrapper would take the plain address away.
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const found = { candidates: 0, refusals: [] };
  const complete = new Promise((resolve) => {
    connection.onicecandidate = ({ candidate }) => (candidate ? (found.candidates += 1) : resolve());
    connection.onicecandidateerror = ({ errorCode }) => found.refusals.push(errorCode);
  });
  connection.createDataChannel('any');
  await connection.setLocalDescription();
  await complete;
  connection.close();
  return found;
}`;

describe('the relay', () => {
  const credentials = (until: number, by = secret) => {
    const username = `${Math.floor(until / 1000)}:visit`;
    const credential = createHmac('sha1', by).update(username).digest('base64');
    return [{ urls: [turn.urls[0]], username, credential }];
  };
  const ask = (servers: object[]) =>
    teacher.page.evaluate<{ candidates: number; refusals: number[] }>(
      `(${gather})(${JSON.stringify(servers)})`,
    );

  test('was asked with credentials that last for hours, not for ever', async () => {
    const given = await forced.page.evaluate<{ username: string }[]>('globalThis.keshiIceServers');
    const ends = Number(given[0]?.username.split(':')[0]) * 1000;
    expect(ends - Date.now()).toBeGreaterThan(3_600_000);
    expect(ends - Date.now()).toBeLessThanOrEqual(6 * 3_600_000);
  });

  test('serves credentials of its secret until their time is over, and no others', async () => {
    await expect
      .poll(async () => (await ask(credentials(Date.now() + 60_000))).candidates, patient)
      .toBeGreaterThan(0);
    const over = await ask(credentials(Date.now() - 60_000));
    expect(over).toEqual({ candidates: 0, refusals: expect.arrayContaining([401]) });
    const forged = await ask(credentials(Date.now() + 60_000, 'another secret'));
    expect(forged).toEqual({ candidates: 0, refusals: expect.arrayContaining([401]) });
  });
});
