/** `POST /v1/signals`: resumes the run that waits for a signal (sdk-http-protocol.md §7.8). */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { enveloped } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { mebibyte, readJson } from './body.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

export const signalRule = {
  schema: z.object({ signal: z.string().min(1), data: z.unknown().optional() }),
  // The data becomes a step's output, which has this limit.
  bytesMax: 4 * mebibyte,
  refusal: 'Invalid signal data',
};

export function signalRoutes(services: Services) {
  const { signals, clock } = services;
  return new Elysia().onBeforeHandle(requireSigningKey(services)).post(
    '/v1/signals',
    async ({ request }) => {
      const { signal, data } = await readJson(request, signalRule);
      const resumed = await signals.send(signal, JSON.stringify(data ?? null));
      // JS takes 404 for "nobody waits", not for a failure.
      if (resumed === null) throw new Problem(404, 'No signal found');
      return enveloped({ run_id: resumed.runId }, clock.now());
    },
    { parse: 'none' },
  );
}
