/**
 * The embedded engine and a real server side by side. Each sequence is one script call on the server, so that neither
 * the network nor the server's clock gets between its commands.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createClient } from 'redis';
import { systemClock } from '../../../src/lib/clock.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../src/store/embedded/engine.ts';
import { type Reply, ScriptError, type ScriptName } from '../../../src/store/store.ts';
import { hasRedis, type RedisFlavour, RedisServer } from '../../redis_server.ts';
import { dumpLua, renderLua } from './lua_text.ts';

/** What an engine said, and what it holds afterwards. */
export interface Outcome {
  readonly reply: Reply;
  /** A line per key, sorted. */
  readonly state: readonly string[];
  /** Milliseconds that the keys still have (-1: for ever), in the order of `state`. */
  readonly livesMs: readonly number[];
}

export interface EnginePair {
  readonly flavour: RedisFlavour;
  onEmbedded(script: ScriptName, args: readonly (string | number)[]): Outcome;
  onServer(script: ScriptName, args: readonly (string | number)[]): Promise<Outcome>;
  readonly store: EmbeddedStore;
  readonly client: RawClient;
}

export const prefix = '{d}';

/** Both engines disagree by as much as one is slower to start than the other. */
const lifeToleranceMs = 10_000;
/** No lifetime that is generated lies near it. */
const soonMs = 7_777;

type RawClient = Awaited<ReturnType<typeof connect>>;

/** Replies as Redis ≥ 7 has always given them: RESP2. */
async function connect(url: string) {
  const client = createClient({ url, RESP: 2, disableClientInfo: true });
  await client.connect();
  return client;
}

const dumpScript = `${renderLua}${dumpLua} return dump_keys(ARGV)`;

/** The dump and the script's own reply, or its error. The script begins on the first line, as everywhere. */
function onServerText(source: string): string {
  return `local function main() ${source}
end
local is_fine, reply = pcall(main)
${renderLua}${dumpLua}
if not is_fine then
  local text = type(reply) == 'table' and reply.err or reply
  local is_text = type(text) == 'string' or type(text) == 'number'
  reply = 'raised ' .. (is_text and error_text(text) or 'nothing')
end
return { dump_keys(redis.call('KEYS', '*')), reply }`;
}

/** Runs a suite against Redis and against Valkey, where they are installed. */
export function againstServers(
  scripts: Readonly<Record<ScriptName, string>>,
  suite: (pair: () => EnginePair, flavour: RedisFlavour) => void,
): void {
  for (const flavour of ['redis', 'valkey'] as const) {
    describe(`the embedded engine and ${flavour}`, () => {
      if (!hasRedis(flavour)) {
        test.skip(`runs only where ${flavour}-server is installed`, () => undefined);
        return;
      }
      let pair: EnginePair | undefined;
      const closing: (() => Promise<void>)[] = [];
      beforeAll(async () => {
        pair = await openPair(flavour, scripts, closing);
      });
      afterAll(async () => {
        for (const close of closing.reverse()) await close();
      });
      suite(() => {
        if (pair === undefined) throw new Error('the engines are not open');
        return pair;
      }, flavour);
    });
  }
}

async function openPair(
  flavour: RedisFlavour,
  scripts: Readonly<Record<ScriptName, string>>,
  closing: (() => Promise<void>)[],
): Promise<EnginePair> {
  const server = await RedisServer.start({ flavour });
  closing.push(() => server.dispose());
  const client = await connect(server.url);
  closing.push(async () => client.destroy());
  const store = await openEmbeddedStore({
    dataDir: null,
    prefix,
    clock: systemClock,
    extraScripts: { ...scripts, dump: dumpScript },
  });
  closing.push(() => store.close());
  const shas = new Map<ScriptName, string>();
  for (const [name, source] of Object.entries(scripts)) {
    shas.set(name, await client.scriptLoad(onServerText(source)));
  }
  return {
    flavour,
    store,
    client,
    onEmbedded: (script, args) => outcomeOf(answerOf(store, script, args), emptied(store)),
    onServer: async (script, args) => {
      const sha = shas.get(script);
      if (sha === undefined) throw new Error(`the server does not have the script ${script}`);
      const both = await client.evalSha(sha, { keys: [prefix], arguments: args.map(String) });
      if (!Array.isArray(both)) throw new Error('a script answers its reply and a dump');
      return outcomeOf(both[1] ?? null, both[0]);
    },
  };
}

function answerOf(
  store: EmbeddedStore,
  script: ScriptName,
  args: readonly (string | number)[],
): Reply {
  try {
    return store.runSync(script, args);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return `raised ${errorText(error)}`;
  }
}

/** Without what the engine adds for whoever reads a log. */
function errorText({ script, message }: ScriptError): string {
  const text = message.slice(`script ${script}: `.length);
  if (text.startsWith('raised an error that is neither')) return 'nothing';
  return text
    .replace(/ \(\w+:\d+\)$/, '')
    .replace(/(command called from script): .*$/s, '$1')
    .replace(/^\w+:(\d+): /, 'script:$1: ');
}

function emptied(store: EmbeddedStore): Reply {
  return store.runSync('dump', store.keys());
}

function outcomeOf(reply: unknown, dump: unknown): Outcome {
  if (!Array.isArray(dump)) throw new Error('a dump is a list');
  const rows: { line: string; lifeMs: number }[] = [];
  for (let at = 0; at < dump.length; at += 2) {
    rows.push({ line: String(dump[at]), lifeMs: Number(dump[at + 1]) });
  }
  rows.sort((left, right) => (left.line < right.line ? -1 : 1));
  return {
    // What a script answers, in RESP2, is a Reply or an error.
    reply: reply instanceof Error ? `raised ${reply.message}` : (reply as Reply),
    state: rows.map(({ line }) => line),
    livesMs: rows.map(({ lifeMs }) => lifeMs),
  };
}

/** Runs a script on both engines; what they answer and what they hold must be the same. */
export async function expectSame(
  pair: EnginePair,
  script: ScriptName,
  args: readonly (string | number)[],
): Promise<void> {
  const expected = pair.onServer(script, args);
  const actual = pair.onEmbedded(script, args);
  const outcome = await expected;
  expect(linesOf(actual.reply)).toEqual(linesOf(outcome.reply));
  const [found, wanted] = [lasting(actual), lasting(outcome)];
  expect(found.map(({ line }) => line)).toEqual(wanted.map(({ line }) => line));
  found.forEach(({ lifeMs }, at) => {
    const expectedMs = wanted[at]?.lifeMs ?? Number.NaN;
    if (lifeMs < 0 || expectedMs < 0) expect(lifeMs).toBe(expectedMs);
    else expect(Math.abs(lifeMs - expectedMs)).toBeLessThan(lifeToleranceMs);
  });
}

/** What is about to expire may be there on one engine and gone on the other: they are not asked at the same instant. */
function lasting({ state, livesMs }: Outcome): { line: string; lifeMs: number }[] {
  return state
    .map((line, at) => ({ line, lifeMs: livesMs[at] ?? Number.NaN }))
    .filter(({ lifeMs }) => lifeMs < 0 || lifeMs > soonMs);
}

/** Valkey has taken its predecessor's name out of some errors. */
const renamed: readonly (readonly [redis: string, valkey: string])[] = [
  ['Unknown Redis command', 'Unknown command'],
  ['calling Redis command', 'calling command'],
  ['Lua redis lib command arguments', 'Command arguments'],
];

/** A failure shows the first line that differs. */
function linesOf(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(linesOf);
  // The client adds the digits of large integers up in doubles, and is wrong in the last of them.
  if (typeof reply === 'number' && !Number.isSafeInteger(reply)) return reply.toPrecision(14);
  if (typeof reply !== 'string') return reply;
  const text = renamed.reduce((said, [redis, valkey]) => said.replaceAll(redis, valkey), reply);
  return text.split('\n');
}
