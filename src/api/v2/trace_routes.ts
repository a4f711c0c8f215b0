/** `GET /v2/runs/{id}/trace`: what happened in a run (http-api.md §7.3). */
import { z } from 'zod';
import { outputsOf } from '../../trace/output.ts';
import { previewTree } from '../../trace/preview_tree.ts';
import { type RunTrace, readRunTrace } from '../../trace/run_trace.ts';
import type { SpanOutput, TraceSpan } from '../../trace/span.ts';
import { Problem } from '../problem.ts';
import { ulidNamed, type V2Context } from './context.ts';
import { enveloped, oneSchema } from './envelope.ts';
import { type V2Route, v2Route } from './route.ts';
import { includeOutput, runParam } from './run_routes.ts';
import { type Outputs, spanMessage, spanSchema } from './span_message.ts';

const noOutputs: Outputs = new Map();

export function traceRoutes({ services }: V2Context): readonly V2Route[] {
  const { history, clock } = services;
  return [
    v2Route({
      id: 'GetFunctionTrace',
      method: 'GET',
      path: '/runs/:runId/trace',
      tag: 'Runs',
      summary: "Get a run's trace",
      description: 'The calls, steps and attempts of a run as a tree.',
      params: runParam,
      query: z.object({ includeOutput }),
      answers: {
        200: {
          description: 'The tree.',
          schema: oneSchema(z.object({ runId: z.string(), rootSpan: spanSchema })),
        },
      },
      refusals: { 400: 'That is no run id.', 404: 'There is no such run.' },
      isAlways: true,
      handle: async ({ param, query }) => {
        const runId = ulidNamed(param('runId'), 'Run ID');
        const trace = await readRunTrace(history, runId);
        if (trace === null) throw new Problem(404, 'Trace not found');
        const nowMs = clock.now();
        const root = previewTree(trace, nowMs);
        const outputs = query.includeOutput === true ? payloadsOf(trace, root) : noOutputs;
        return enveloped({ runId, rootSpan: spanMessage(root, outputs) }, { nowMs });
      },
    }),
  ];
}

/** Of the spans that have one; a span whose facts have gone with age is shown without. */
function payloadsOf(trace: RunTrace, root: TraceSpan): Outputs {
  const outputAt = outputsOf(trace);
  const outputs = new Map<string, SpanOutput>();
  const visit = ({ outputId, children }: TraceSpan): void => {
    const output = outputId === null ? null : outputAt(outputId);
    if (outputId !== null && output !== null) outputs.set(outputId, output);
    for (const child of children) visit(child);
  };
  visit(root);
  return outputs;
}
