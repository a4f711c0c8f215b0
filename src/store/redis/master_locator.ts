/**
 * Finds the server that takes our writes. All keys under one prefix share a hash slot, so there is always exactly one:
 * the server of the URI, the master that Sentinel names, or the Cluster node that owns the slot.
 * We ask ourselves, over plain connections, instead of using node-redis' Sentinel and Cluster clients: those keep commands
 * back while there is no master, and follow ASK into a slot that is half moved, where a script would see half of its keys.
 */
import type { Clock } from '../../lib/clock.ts';
import type { Reply } from '../store.ts';
import { connectionTo, RedisConnection } from './redis_connection.ts';
import { RedisSetupError, reasonText, setupProblem } from './redis_fault.ts';
import { addressText, type HostAddress, type RedisAddress, type RedisTarget } from './redis_uri.ts';

const nodesMax = 100;
/** One that hangs must not keep us from asking the next. */
const askMsMax = 1_500;

export class MasterLocator {
  readonly #target: RedisTarget;
  readonly #clock: Clock;
  /** Whom to ask, who answered last first. */
  #guides: readonly HostAddress[];

  constructor(target: RedisTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    this.#guides = guidesOf(target);
  }

  /** Throws when nobody knows, saying what each of those asked said. */
  async locate(prefix: string): Promise<RedisAddress> {
    const target = this.#target;
    if (target.kind === 'single') return target.address;
    const failures: string[] = [];
    let refusal: unknown;
    for (const guide of this.#guides) {
      try {
        const { master, others } = await this.#ask(guide, prefix);
        const known = [guide, ...others, ...this.#guides, ...guidesOf(target)];
        this.#guides = distinct(known).slice(0, nodesMax);
        return master;
      } catch (error) {
        if (setupProblem(error) !== null) refusal ??= error;
        failures.push(`${addressText(guide)}: ${reasonText(error)}`);
      }
    }
    // One that is set up wrongly must not keep us from the others; when there are no others, it is the reason.
    if (refusal !== undefined) throw refusal;
    const who = target.kind === 'sentinel' ? 'Sentinel' : 'Cluster node';
    throw new Error(`no ${who} says where the master is (${failures.join('; ')})`);
  }

  /** The last answer led nowhere: somebody else is asked first next time. */
  distrust(): void {
    const [first, ...others] = this.#guides;
    if (first) this.#guides = [...others, first];
  }

  async #ask(guide: HostAddress, prefix: string): Promise<Guidance> {
    const target = this.#target;
    if (target.kind === 'sentinel') {
      const { sentinelLogin: login, tls } = target;
      const options = {
        address: guide,
        login,
        tls,
        database: 0,
        clock: this.#clock,
        connectMsMax: askMsMax,
      };
      return closing(await RedisConnection.open(options), (connection) =>
        askSentinel(connection, target.masterName),
      );
    }
    return closing(await connectionTo(guide, target, this.#clock, askMsMax), (connection) =>
      askNode(connection, guide, prefix),
    );
  }
}

interface Guidance {
  readonly master: HostAddress;
  /** Who else can be asked. */
  readonly others: readonly HostAddress[];
}

function guidesOf(target: RedisTarget): readonly HostAddress[] {
  if (target.kind === 'sentinel') return target.sentinels;
  return target.kind === 'cluster' ? target.nodes : [];
}

async function closing<T>(
  connection: RedisConnection,
  use: (connection: RedisConnection) => Promise<T>,
): Promise<T> {
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

async function askSentinel(connection: RedisConnection, name: string): Promise<Guidance> {
  const reply = await connection.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]);
  if (reply === null) {
    throw new RedisSetupError(
      `Sentinel watches no master called ${name}; correct the name at the end of the URI`,
    );
  }
  const [host, port] = listOf(reply);
  return { master: { host: String(host), port: Number(port) }, others: [] };
}

async function askNode(
  connection: RedisConnection,
  asked: HostAddress,
  prefix: string,
): Promise<Guidance> {
  const [slot, ranges] = await Promise.all([
    connection.sendCommand(['CLUSTER', 'KEYSLOT', prefix]),
    connection.sendCommand(['CLUSTER', 'SLOTS']),
  ]);
  const nodesOf = (range: Reply): HostAddress[] =>
    listOf(range)
      .slice(2)
      .map((node) => nodeAddress(node, asked));
  const owning = listOf(ranges).find((range) => {
    const [first, last] = listOf(range);
    return Number(first) <= Number(slot) && Number(slot) <= Number(last);
  });
  const master = owning === undefined ? undefined : nodesOf(owning)[0];
  if (!master) throw new Error(`no master serves hash slot ${String(slot)}`);
  return { master, others: listOf(ranges).flatMap(nodesOf) };
}

/** A node that does not know its own name leaves it out: then it is the one that was asked. */
function nodeAddress(node: Reply, asked: HostAddress): HostAddress {
  const [host, port] = listOf(node);
  const isNamed = typeof host === 'string' && host !== '' && host !== '?';
  return { host: isNamed ? host : asked.host, port: Number(port) };
}

function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}

function distinct(addresses: readonly HostAddress[]): HostAddress[] {
  return [...new Map(addresses.map((address) => [addressText(address), address])).values()];
}
