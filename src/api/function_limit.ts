/** `/fn/step-limit` and `/fn/state-size-limit`: limits of one function, for tests (http-api.md §8.3). */
import { Elysia } from 'elysia';
import { empty } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { readFields } from './form.ts';
import { Problem } from './problem.ts';
import type { FunctionLimits, Services } from './services.ts';

interface LimitDoor {
  readonly path: string;
  readonly name: string;
  set(limits: FunctionLimits, functionId: string, limit: number): void;
  remove(limits: FunctionLimits, functionId: string): boolean;
}

const stepLimit: LimitDoor = {
  path: '/fn/step-limit',
  name: 'step limit',
  set: (limits, functionId, limit) => limits.setStepLimit(functionId, limit),
  remove: (limits, functionId) => limits.removeStepLimit(functionId),
};

const stateSizeLimit: LimitDoor = {
  path: '/fn/state-size-limit',
  name: 'state size limit',
  set: (limits, functionId, limit) => limits.setStateSizeLimit(functionId, limit),
  remove: (limits, functionId) => limits.removeStateSizeLimit(functionId),
};

export function functionLimitRoutes(services: Services) {
  return new Elysia().use(routesOf(stepLimit, services)).use(routesOf(stateSizeLimit, services));
}

function routesOf(door: LimitDoor, services: Services) {
  const { limits } = services;
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .post(
      door.path,
      async ({ request }) => {
        const fields = await readFields(request);
        door.set(limits, functionIdOf(fields), limitOf(fields.get('limit') ?? ''));
        return empty();
      },
      { parse: 'none' },
    )
    .delete(
      door.path,
      async ({ request }) => {
        const functionId = functionIdOf(await readFields(request));
        if (door.remove(limits, functionId)) return empty();
        throw new Problem(404, `No ${door.name} set for function: ${functionId}`);
      },
      { parse: 'none' },
    );
}

function functionIdOf(fields: URLSearchParams): string {
  const functionId = fields.get('functionId') ?? '';
  if (functionId === '') throw new Problem(400, 'functionId is required: the UUID of the function');
  return functionId;
}

function limitOf(text: string): number {
  const limit = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(limit)) throw new Problem(400, `Invalid limit: ${text}`);
  return limit;
}
