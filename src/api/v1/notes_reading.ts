/** Notes on the routes of /v1 that read events, runs and functions, and on the one that ends a run. */
import { z } from 'zod';
import { eventListQuery, eventSchema } from '../event_history.ts';
import type { RouteNote } from '../openapi/route_note.ts';
import { runSchema } from '../run_record.ts';
import { envelopeSchema } from './envelope.ts';
import { runListQuery } from './run_list.ts';
import { traceQuery, traceSchema } from './run_trace.ts';

export const runParam = { runId: 'ULID of the run.' };
const eventParam = { eventId: 'ULID that the server gave the event.' };
const badRun = { 400: 'That is no run id.', 404: 'There is no such run.' };

const jobSchema = z.object({
  JobID: z.string(),
  at: z.iso.datetime(),
  position: z.int(),
  kind: z.string(),
  attempt: z.int(),
  Raw: z.null(),
});

const runPageSchema = envelopeSchema(z.array(runSchema)).extend({
  page: z.object({
    cursor: z.string().nullable(),
    has_more: z.boolean(),
    limit: z.int(),
  }),
});

const functionSchema = z
  .object({
    internal_id: z.string(),
    env_id: z.string(),
    app_id: z.string(),
    id: z.string(),
    name: z.string(),
    config: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    archived_at: z.string(),
  })
  .meta({ id: 'AppFunction' });

const events: readonly RouteNote[] = [
  {
    id: 'ListEvents',
    method: 'GET',
    path: '/events',
    tag: 'Events',
    summary: 'List events',
    description: 'Received events, newest first, without those that the server itself sends.',
    query: eventListQuery,
    answers: {
      200: { description: 'A page of events.', schema: envelopeSchema(z.array(eventSchema)) },
    },
    refusals: { 400: 'A parameter makes no sense; the message names it.' },
  },
  {
    id: 'GetEvent',
    method: 'GET',
    path: '/events/:eventId',
    tag: 'Events',
    summary: 'Get an event',
    description: 'One event as it was received.',
    params: eventParam,
    answers: { 200: { description: 'The event.', schema: envelopeSchema(eventSchema) } },
    refusals: { 400: 'That is no event id.', 404: 'There is no such event.' },
  },
  {
    id: 'ListEventRuns',
    method: 'GET',
    path: '/events/:eventId/runs',
    tag: 'Events',
    summary: "List an event's runs",
    description: 'The runs that an event started; none so far for an event that was just accepted.',
    params: eventParam,
    answers: { 200: { description: 'The runs.', schema: envelopeSchema(z.array(runSchema)) } },
    refusals: { 400: 'That is no event id.' },
  },
];

const runs: readonly RouteNote[] = [
  {
    id: 'ListRuns',
    method: 'GET',
    path: '/runs',
    tag: 'Runs',
    summary: 'List runs',
    description: 'Runs of all functions, filtered as in the browser app.',
    query: runListQuery,
    answers: { 200: { description: 'A page of runs.', schema: runPageSchema } },
    refusals: { 400: 'A filter, the cursor or the expression makes no sense.' },
  },
  {
    id: 'GetRun',
    method: 'GET',
    path: '/runs/:runId',
    tag: 'Runs',
    summary: 'Get a run',
    description: 'One run with its output.',
    params: runParam,
    answers: { 200: { description: 'The run.', schema: envelopeSchema(runSchema) } },
    refusals: badRun,
  },
  {
    id: 'CancelRun',
    method: 'DELETE',
    path: '/runs/:runId',
    tag: 'Runs',
    summary: 'Cancel a run',
    description: 'Ends a run that has not ended.',
    params: runParam,
    answers: { 200: { description: 'It is cancelled.', schema: null } },
    refusals: { ...badRun, 409: 'The run has ended.' },
  },
  {
    id: 'ListRunJobs',
    method: 'GET',
    path: '/runs/:runId/jobs',
    tag: 'Runs',
    summary: "List a run's jobs",
    description: 'What stands in the queue for a run; ten at most.',
    params: runParam,
    answers: { 200: { description: 'The jobs.', schema: envelopeSchema(z.array(jobSchema)) } },
    refusals: badRun,
  },
  {
    id: 'GetRunTrace',
    method: 'GET',
    path: '/runs/:runId/trace',
    tag: 'Runs',
    summary: "Get a run's trace",
    description:
      'The calls, steps and attempts of a run as a tree. With `Accept: application/x-protobuf` it is a RunSpan message (proto/run/v2).',
    params: runParam,
    query: traceQuery,
    headers: { Accept: 'application/json or application/x-protobuf.' },
    answers: { 200: { description: 'The tree.', schema: traceSchema } },
    refusals: badRun,
  },
];

export const readingNotes: readonly RouteNote[] = [
  ...events,
  ...runs,
  {
    id: 'ListAppFunctions',
    method: 'GET',
    path: '/apps/:appName/functions',
    tag: 'Apps',
    summary: 'List functions',
    description: 'The functions of an app, without an envelope; none when nobody knows it.',
    params: { appName: 'Name of the app.' },
    answers: { 200: { description: 'The functions.', schema: z.array(functionSchema) } },
  },
  {
    id: 'GetPrometheus',
    method: 'GET',
    path: '/prom/:env',
    tag: 'Apps',
    summary: 'Metrics of an environment',
    description: 'The metrics of the server in the text format of Prometheus, as at `/metrics`.',
    params: { env: 'UUID of the environment; there is one.' },
    answers: {
      200: { description: 'The metrics.', schema: z.string(), contentType: 'text/plain' },
    },
    refusals: { 404: 'There is no such environment.' },
  },
];
