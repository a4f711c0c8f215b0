/**
 * A server that is killed at random instants, again and again, under every kind of work: nothing that it acknowledged is
 * lost, nothing happens twice, and nothing is left behind.
 *
 *   CRASH_KILLS=2000   kills of the embedded engine (200 otherwise), in rounds of 100 with a seed each
 *   CRASH_SEED=7       the first of the seeds, which a failure prints
 */
import { expect, test } from 'bun:test';
import { EmbeddedDeployment } from './embedded_deployment.ts';
import { crashKills, crashSeed } from './environment.ts';
import { undergo } from './ordeal.ts';

const killsPerRound = 100;
const endDeadlineMs = 60_000;
const kills = crashKills() ?? 2 * killsPerRound;

for (let round = 0; round * killsPerRound < kills; round += 1) {
  const isCheckpointing = round % 2 === 1;
  const killsNow = Math.min(killsPerRound, kills - round * killsPerRound);
  const title = `checkpointing ${isCheckpointing ? 'on' : 'off'}, ${killsNow} kills, round ${round + 1}`;
  test(
    `no kill makes the server lose or repeat anything: ${title}`,
    async () => {
      const { violations, summary, report } = await undergo({
        open: EmbeddedDeployment.open,
        seed: crashSeed() + round,
        kills: killsNow,
        isCheckpointing,
        atOnce: 40,
        // A call is built in the same breath in which the run's state is read.
        rules: { buildMsMax: 5, doLeasesOutlive: false, disorderMsMax: 0 },
        endDeadlineMs,
      });
      console.log(summary);
      if (report !== '') console.error(report);
      expect(violations).toEqual([]);
    },
    10 * 60_000,
  );
}
