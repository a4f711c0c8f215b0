/**
 * The same on Redis and Valkey: one of two servers that share a Redis is killed, or Redis itself is.
 *
 *   CRASH_REDIS_KILLS=500   kills in each of the modes (60 otherwise; a third of them on Valkey)
 *   CRASH_SEED=7            the seed, which a failure prints
 */
import { describe, expect, test } from 'bun:test';
import { hasPostgres } from '../postgres_server.ts';
import { hasRedis } from '../redis_server.ts';
import type { Opening } from './deployment.ts';
import { crashRedisKills, crashSeed } from './environment.ts';
import { undergo } from './ordeal.ts';
import { PairDeployment, RedisRestartDeployment } from './redis_deployment.ts';

const kills = crashRedisKills() ?? 60;
const valkeyKills = Math.ceil(kills / 3);
/** What a killed server held is free when its lease has run out, and is looked for every half minute. */
const endDeadlineMs = 70_000;
const testDeadlineMs = 10 * 60_000;

interface Mode {
  readonly title: string;
  readonly open: Opening;
  readonly kills: number;
  readonly isCheckpointing: boolean;
}

async function survive({ open, kills: count, isCheckpointing }: Mode): Promise<void> {
  const { violations, summary, report } = await undergo({
    open,
    seed: crashSeed(),
    kills: count,
    isCheckpointing,
    atOnce: 30,
    // The state is read over the network, and its answer may have to wait for its turn.
    rules: { buildMsMax: 500, doLeasesOutlive: true, disorderMsMax: 500 },
    endDeadlineMs,
  });
  console.log(summary);
  if (report !== '') console.error(report);
  expect(violations).toEqual([]);
}

function modesOn(flavour: 'redis' | 'valkey', count: number): Mode[] {
  return [false, true].flatMap((isCheckpointing) => {
    const how = `checkpointing ${isCheckpointing ? 'on' : 'off'}, ${Math.ceil(count / 2)} kills`;
    const rest = { kills: Math.ceil(count / 2), isCheckpointing };
    return [
      {
        title: `one of two servers on ${flavour} is killed: ${how}`,
        // One mode has its history in PostgreSQL, which goes away, too.
        open: () => PairDeployment.open(flavour, isCheckpointing && hasPostgres()),
        ...rest,
      },
      {
        title: `${flavour} is killed under a server that stays up: ${how}`,
        open: () => RedisRestartDeployment.open(flavour),
        ...rest,
      },
    ];
  });
}

/** Says why, where the server is not installed. */
function suite(flavour: 'redis' | 'valkey', title: string): [title: string, isSkipped: boolean] {
  if (hasRedis(flavour)) return [title, false];
  return [`${title} (skipped: ${flavour}-server is not installed)`, true];
}

const [onRedis, isRedisMissing] = suite('redis', 'nothing is lost or repeated when');
const [onValkey, isValkeyMissing] = suite('valkey', 'nothing is lost or repeated on Valkey when');

describe.skipIf(isRedisMissing)(onRedis, () => {
  for (const mode of modesOn('redis', kills)) {
    test(mode.title, () => survive(mode), testDeadlineMs);
  }
});

describe.skipIf(isValkeyMissing)(onValkey, () => {
  for (const mode of modesOn('valkey', valkeyKills).slice(1, 3)) {
    test(mode.title, () => survive(mode), testDeadlineMs);
  }
});
