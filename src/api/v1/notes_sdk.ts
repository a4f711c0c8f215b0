/** Notes on the routes of /v1 that SDKs and exporters call while runs go on. */
import { z } from 'zod';
import { checkpointPrefixes } from '../checkpoint.ts';
import { asyncRule, createRule, stepsRule } from '../checkpoint_body.ts';
import type { RouteNote } from '../openapi/route_note.ts';
import { metadataBody } from '../run_metadata.ts';
import { signalRule } from '../signals.ts';
import { envelopeSchema } from './envelope.ts';
import { runParam } from './notes_reading.ts';

const checkpointTag = 'Checkpoints';
const tooLarge = 'The body is too large.';
const createdSchema = envelopeSchema(
  z.object({
    fn_id: z.string(),
    app_id: z.string(),
    run_id: z.string(),
    token: z.string().optional(),
    realtime_token: z.string(),
  }),
);

/** Both prefixes of checkpoints mean the same; operations need names of their own. */
function checkpointNotes(prefix: (typeof checkpointPrefixes)[number]): readonly RouteNote[] {
  const [, root = ''] = prefix.split('/v1');
  const isTwin = prefix === '/v1/http/runs';
  const name = (id: string): string => (isTwin ? `${id}Http` : id);
  const tag = checkpointTag;
  const saved = { 200: { description: 'The steps are stored.', schema: null } };
  const notSaved = {
    400: 'The steps are not understood, or could not be stored.',
    404: 'There is no such run.',
    409: 'The call has been handed out anew: stop.',
    413: 'An output or the state is too large.',
  };
  return [
    {
      id: name('CreateCheckpointRun'),
      method: 'POST',
      path: root,
      tag,
      summary: 'Create a run of a durable endpoint',
      description: 'A run that the app has begun by itself, with the steps so far.',
      body: { schema: createRule.schema },
      answers: { 200: { description: 'The run.', schema: createdSchema } },
      refusals: {
        400: 'The body is not understood.',
        409: 'The run exists.',
        413: tooLarge,
        429: 'The function is limited.',
      },
    },
    {
      id: name('CheckpointSteps'),
      method: 'POST',
      path: `${root}/:runId/steps`,
      tag,
      summary: 'Save steps of a durable endpoint',
      description: 'Steps that the app ran by itself.',
      params: runParam,
      body: { schema: stepsRule.schema },
      answers: saved,
      refusals: notSaved,
    },
    {
      id: name('CheckpointStepsAsync'),
      method: 'POST',
      path: `${root}/:runId/async`,
      tag,
      summary: 'Save steps of an open call',
      description: 'Steps that the app ran while its call is open.',
      params: runParam,
      body: { schema: asyncRule.schema },
      answers: saved,
      refusals: notSaved,
    },
    outputNote(root, 'GET', name),
    outputNote(root, 'POST', name),
  ];
}

/** Any method will do; those that SDKs use are told. */
function outputNote(root: string, method: 'GET' | 'POST', name: (id: string) => string): RouteNote {
  return {
    id: name(method === 'GET' ? 'GetRunOutput' : 'PostRunOutput'),
    method,
    path: `${root}/:runId/output`,
    tag: checkpointTag,
    summary: "Wait for a run's output",
    description: 'Answers as the app did once the run has ended; the token is the only key.',
    params: runParam,
    query: z.object({ token: z.string().describe('As the run was created with.').optional() }),
    answers: {
      200: { description: 'The answer of the app, with its own status.', schema: z.unknown() },
    },
    refusals: { 401: 'The token is missing, wrong or too old.' },
    isOpen: true,
  };
}

export const sdkNotes: readonly RouteNote[] = [
  {
    id: 'SendSignal',
    method: 'POST',
    path: '/signals',
    tag: 'Runs',
    summary: 'Send a signal',
    description: 'Resumes the run that waits for the signal.',
    body: { schema: signalRule.schema },
    answers: {
      200: { description: 'It goes on.', schema: envelopeSchema(z.object({ run_id: z.string() })) },
    },
    refusals: { 400: 'The signal is not understood.', 404: 'No run waits for it.', 413: tooLarge },
  },
  {
    id: 'UpdateRunMetadata',
    method: 'POST',
    path: '/runs/:runId/metadata',
    tag: 'Runs',
    summary: 'Write metadata onto a run',
    description: 'Onto the run, a step, an attempt of a step, or a span of user code.',
    params: runParam,
    body: { schema: metadataBody },
    answers: { 200: { description: 'It is stored.', schema: null } },
    refusals: {
      400: 'The metadata is not understood.',
      403: 'Metadata is switched off.',
      413: 'An entry has more than 64 KiB, or the run more than 1 MiB.',
    },
  },
  {
    id: 'ExportUserlandSpans',
    method: 'POST',
    path: '/traces/userland',
    tag: 'Runs',
    summary: 'Take spans of user code',
    description: 'OTLP over HTTP: ExportTraceServiceRequest as JSON or protobuf.',
    body: { schema: z.looseObject({ resourceSpans: z.array(z.unknown()).optional() }) },
    answers: {
      200: {
        description: 'ExportTraceServiceResponse: it says how many spans were rejected.',
        schema: z.looseObject({}),
      },
      400: { description: 'google.rpc.Status.', schema: z.looseObject({ message: z.string() }) },
      413: { description: tooLarge, schema: z.looseObject({ message: z.string() }) },
    },
  },
  ...checkpointPrefixes.flatMap(checkpointNotes),
];
