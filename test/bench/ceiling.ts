/** Context for the other rows: how many step requests a second the official SDK's handler serves by itself. */
import { BenchApp } from './bed.ts';
import type { Outcome, Row } from './rows.ts';
import { preciseNow } from './tally.ts';

const spanMs = 3_000;
const connections = 16;

/** A discovery call of a run whose only step has not run yet, as the server sends it. */
function callBody(run: number): string {
  const event = {
    data: { batch: '', run },
    id: `event-${run}`,
    name: 'bench/one',
    ts: Date.now(),
    user: {},
  };
  return JSON.stringify({
    ctx: {
      attempt: 0,
      disable_immediate_execution: false,
      env: '',
      fn_id: '00000000-0000-5000-8000-000000000000',
      max_attempts: 5,
      qi_id: `item-${run}`,
      run_id: '01JV8W3R9V2Y7M6S6S3F2K4N5P',
      stack: { current: 0, stack: [] },
      step_id: 'step',
      use_api: false,
    },
    event,
    events: [event],
    steps: {},
    use_api: false,
    version: -1,
  });
}

async function ceiling(rounds: number, progress: (text: string) => void): Promise<Outcome> {
  const app = await BenchApp.start('http://127.0.0.1:9', 'off');
  const figures: number[] = [];
  const wrong: string[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      let served = 0;
      const startedAt = preciseNow();
      const connection = async () => {
        while (preciseNow() - startedAt < spanMs) {
          const answer = await fetch(`${app.url}/api/inngest?fnId=bench-one&stepId=step`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: callBody(served),
          });
          await answer.arrayBuffer();
          if (answer.status !== 206 && wrong.length < 5) wrong.push(`status ${answer.status}`);
          served++;
        }
      };
      await Promise.all(Array.from({ length: connections }, connection));
      // The first round warms the app up.
      if (round === 0) continue;
      figures.push(served / ((preciseNow() - startedAt) / 1_000));
      progress(`round ${round}: ${figures.at(-1)?.toFixed(0)} requests/s`);
    }
  } finally {
    await app.stop();
  }
  return { rounds: figures, miscounted: wrong, note: `${connections} connections, no server` };
}

export const ceilingRow: Row = {
  name: 'sdk-ceiling',
  title: "the SDK's handler alone (context)",
  unit: 'requests/s',
  measure: ceiling,
};
