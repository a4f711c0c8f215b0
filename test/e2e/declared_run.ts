/** How the run of a declared function ended. */
import { expect } from 'bun:test';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { hasEnded, type Run, type ServerClient } from './server_client.ts';

const runDeadlineMs = 40_000;

/** The run that an event has started, once it has ended. */
export function endedRun(client: ServerClient, eventId: string): Promise<Run> {
  return eventually(
    async () => {
      const [run] = await client.runsOf(eventId);
      return run !== undefined && hasEnded(run) && run;
    },
    { deadlineMs: runDeadlineMs, what: `the end of the run of event ${eventId}` },
  );
}

const failureSchema = z.looseObject({ name: z.string(), message: z.string() });

/** Why a run has failed, as its output says. */
export function failureOf(run: Run): z.infer<typeof failureSchema> {
  expect(run.status).toBe('Failed');
  return failureSchema.parse(run.output);
}
