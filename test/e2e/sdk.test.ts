/** Unmodified apps on the official SDKs, against the compiled server: the matrix times the scenarios. */
import { afterAll, beforeAll, describe, test } from 'bun:test';
import { titleOf } from './app_process.ts';
import { hasCron, matrix } from './matrix.ts';
import { failing } from './scenarios/failing.ts';
import { invoking } from './scenarios/invoking.ts';
import { limits } from './scenarios/limits.ts';
import { parallel } from './scenarios/parallel.ts';
import { steps } from './scenarios/steps.ts';
import { triggering } from './scenarios/triggering.ts';
import { waiting } from './scenarios/waiting.ts';
import { type Scenario, Stage } from './stage.ts';

const scenarios: readonly Scenario[] = [
  ...limits,
  ...steps,
  ...parallel,
  ...waiting,
  ...invoking,
  ...failing,
  ...triggering,
];
const stageDeadlineMs = 180_000;
const scenarioDeadlineMs = 75_000;

for (const { configuration, isWhole, engine } of matrix) {
  const title = `${titleOf(configuration)}${engine ? `, ${engine.servers} servers on ${engine.kind}` : ''}`;
  describe(title, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await Stage.open(configuration, {}, { hasCron: hasCron(configuration) }, engine);
    }, stageDeadlineMs);
    afterAll(() => stage?.close(), stageDeadlineMs);

    for (const scenario of scenarios) {
      if (!isWhole && !scenario.isSmoke) continue;
      if (scenario.isFor && !scenario.isFor(configuration)) continue;
      test.concurrent(
        scenario.name,
        () => scenario.play(stage.scene()),
        scenario.deadlineMs ?? scenarioDeadlineMs,
      );
    }
  });
}
