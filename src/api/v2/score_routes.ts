/** `POST /v2/runs/{id}/scores`: how good a run was (http-api.md §7.3). */
import { z } from 'zod';
import { scoreFacts } from '../../trace/metadata_rules.ts';
import { Problem } from '../problem.ts';
import { ulidNamed, type V2Context } from './context.ts';
import { enveloped, listSchema } from './envelope.ts';
import { verbatim } from './message.ts';
import { type V2Route, v2Route } from './route.ts';
import { runParam } from './run_routes.ts';

const scoresMax = 100;
const textCharsMax = 512;
const text = z.string().min(1).max(textCharsMax);

const scoreSchema = z.strictObject({
  name: text,
  value: z.union([z.number(), z.boolean()], 'Score value must be a finite number or boolean'),
  stepId: text.describe("The step's own id; absent for the run as a whole.").optional(),
  experiment: z.strictObject({ id: text, variant: text }).optional(),
});
const bodySchema = z
  .array(scoreSchema, 'The body must be an array of scores')
  .min(1, 'At least one score is required')
  .max(scoresMax, `At most ${scoresMax} scores are allowed`);
const scoredSchema = z.object({ ...scoreSchema.shape, runId: z.string() }).meta({ id: 'Score' });

export function scoreRoutes({ services }: V2Context): readonly V2Route[] {
  const { clock, history, annotations } = services;
  return [
    v2Route({
      id: 'CreateScores',
      method: 'POST',
      path: '/runs/:runId/scores',
      tag: 'Runs',
      summary: 'Score a run',
      description: 'Writes scores onto a run or its steps; all of them or none.',
      params: runParam,
      body: { schema: bodySchema },
      answers: { 200: { description: 'The scores as stored.', schema: listSchema(scoredSchema) } },
      refusals: { 400: 'A score is not understood.', 404: 'There is no such run.' },
      handle: async ({ param, body }) => {
        const runId = ulidNamed(param('runId'), 'Run ID');
        const nowMs = clock.now();
        const scored = scoreFacts(runId, body.map(present), nowMs);
        if (!scored.ok) throw misfit(scored.index, scored.message);
        if ((await history.run(runId)) === null) throw new Problem(404, 'Run not found');
        await annotations.add(scored.facts);
        return enveloped(
          body.map((score) => verbatim({ ...score, runId })),
          { nowMs },
        );
      },
    }),
  ];
}

function misfit(index: number, message: string): Problem {
  return new Problem(400, `scores[${index}]: ${message}`, { code: 'validation_error' });
}

function present({ name, value, stepId, experiment }: z.output<typeof scoreSchema>) {
  return {
    name,
    value,
    ...(stepId === undefined ? {} : { stepId }),
    ...(experiment === undefined ? {} : { experiment }),
  };
}
