/** What a span took in and gave out, found again by the id that the trees show (graphql.md §11). */
import type { RunRecord } from '../history/history.ts';
import { spanIdOf } from './identity.ts';
import { decodeOutputId, type OutputId, OutputIdError, type OutputPlace } from './output_id.ts';
import { payloadOf, writtenError } from './payload.ts';
import type { RunTrace } from './run_trace.ts';
import type { SpanOutput } from './span.ts';
import { hasOutput, stepSpanId } from './step_spans.ts';
import type { StepStory } from './step_story.ts';
import { readStory, type Story } from './story.ts';
import { eventTexts } from './trigger.ts';

export class SpanOutputError extends Error {
  override readonly name = 'SpanOutputError';

  constructor(
    readonly code: 'invalid_output_id' | 'no_output',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Throws `SpanOutputError`. */
export async function readSpanOutput(
  outputId: string,
  load: (runId: string) => Promise<RunTrace | null>,
): Promise<SpanOutput> {
  const id = parsedId(outputId);
  const trace = id.runId === '' ? null : await load(id.runId);
  if (trace === null) throw noOutput();
  const story = readStory(trace);
  const place = id.place ?? placeOfSpan(story, id.spanId);
  const output = place === null ? null : outputAt(trace, story, id, place);
  if (output === null) throw noOutput();
  return output;
}

/** As `readSpanOutput` for many spans of one run: null where there is no output. */
export function outputsOf(trace: RunTrace): (outputId: string) => SpanOutput | null {
  const story = readStory(trace);
  return (outputId) => {
    const id = parsedId(outputId);
    const place = id.place ?? placeOfSpan(story, id.spanId);
    return place === null ? null : outputAt(trace, story, id, place);
  };
}

function parsedId(outputId: string): OutputId {
  try {
    return decodeOutputId(outputId);
  } catch (error) {
    if (!(error instanceof OutputIdError)) throw error;
    const message = `error parsing span identifier: ${error.message}`;
    throw new SpanOutputError('invalid_output_id', message, { cause: error });
  }
}

function noOutput(): SpanOutputError {
  return new SpanOutputError('no_output', 'no output found');
}

function outputAt(
  trace: RunTrace,
  story: Story,
  id: OutputId,
  place: OutputPlace,
): SpanOutput | null {
  switch (place.of) {
    case 'run':
      return runOutput(trace, id.isPreview ? `[${eventTexts(trace).join(',')}]` : null);
    case 'call':
      return callOutput(story, place.callId);
    case 'step':
      return stepOutput(story.steps.get(place.stepId), place.attempt);
  }
}

/** A run that goes on has an empty output; one that was called off has none. */
function runOutput({ run }: Pick<RunTrace, 'run'>, input: string | null): SpanOutput {
  if (run.endedAtMs === null) return { input, data: '', error: null };
  return { input, ...endOf(run) };
}

function endOf({ status, output }: RunRecord): Pick<SpanOutput, 'data' | 'error'> {
  if (status === 'Failed') return { data: null, error: writtenError(output ?? '{}') };
  return { data: status === 'Completed' ? (output ?? 'null') : null, error: null };
}

function callOutput({ callsById, run }: Story, callId: string): SpanOutput | null {
  const call = callsById.get(callId);
  if (call?.outcome === 'result' && run.status === 'Completed') return runOutput({ run }, null);
  const text = call?.outcome === 'error' ? call.output : null;
  return text === null ? null : { input: null, data: null, error: writtenError(text) };
}

function stepOutput(step: StepStory | undefined, attempt: number): SpanOutput | null {
  const tried = step?.tries.findLast((one) => one.attempt === attempt);
  if (step === undefined || tried === undefined || tried.output === null) return null;
  if (!hasOutput(step, tried)) return null;
  return { input: tried.input, ...payloadOf(step.kind, tried.output) };
}

/** For ids that only name a span: looks at every span that can have a payload. */
function placeOfSpan({ run, steps, calls }: Story, spanId: string): OutputPlace | null {
  const { runId } = run;
  if (spanId === spanIdOf(runId, { of: 'run' })) return { of: 'run' };
  for (const { callId } of calls) {
    const ids = [callId, `nonstep:${callId}`];
    if (ids.some((id) => spanId === spanIdOf(runId, { of: 'call', callId: id }))) {
      return { of: 'call', callId };
    }
  }
  for (const step of steps.values()) {
    const tried = step.tries.find((one) => spanId === stepSpanId(runId, one));
    if (tried) return { of: 'step', stepId: step.stepId, attempt: tried.attempt };
  }
  return null;
}
