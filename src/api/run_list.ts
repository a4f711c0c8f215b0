/** Lists of runs: the filters that /v1, /v2 and bulk work share, from what people write to what history reads. */
import { z } from 'zod';
import { appIdOf } from '../function/identity.ts';
import type { RunStatus } from '../history/fact.ts';
import type { RunFilter, RunTimeField } from '../history/history.ts';
import { appNamed, functionNamed, type NamedApps } from './function_name.ts';
import { Problem } from './problem.ts';

/** Names in one filter; a longer list is several questions. */
const namesMax = 100;
const expressionCharsMax = 8 * 1024;

const timeFields = { queuedAt: 'queued', startedAt: 'started', endedAt: 'ended' } as const;

const statuses: Readonly<Record<string, RunStatus>> = {
  QUEUED: 'Scheduled',
  RUNNING: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
  SKIPPED: 'Skipped',
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const time = (message: string) => z.iso.datetime({ offset: true, error: message });
export const timeField = z.enum(['queuedAt', 'startedAt', 'endedAt'], 'timeField is invalid');
export const runStatus = z.enum(
  ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED'],
  'Status is invalid',
);

/** The filter as members of a query string or of a JSON body. */
export const runFilterShape = {
  from: time('from is invalid').describe('Only runs at or after this time (RFC 3339).').optional(),
  until: time('until is invalid')
    .describe('Only runs at or before this time (RFC 3339).')
    .optional(),
  timeField: timeField
    .describe('Which time `from`, `until` and the order mean. `queuedAt` when absent.')
    .optional(),
  status: z
    .array(runStatus)
    .max(namesMax)
    .describe('Any of these; repeat the parameter. Absent: all but SKIPPED.')
    .optional(),
  appId: z
    .array(z.string())
    .max(namesMax)
    .describe('Runs of these apps, by name or UUID; repeat the parameter.')
    .optional(),
  functionId: z
    .array(z.string())
    .max(namesMax)
    .describe(
      'Runs of these functions of those apps, by short id, full slug or UUID; needs `appId`.',
    )
    .optional(),
  query: z
    .string()
    .max(expressionCharsMax)
    .describe('CEL over `event`, `output` and `error`; one expression a line, all must hold.')
    .optional(),
} as const;

export type WrittenFilter = z.output<z.ZodObject<typeof runFilterShape>> & {
  readonly isDeferred?: boolean | undefined;
};

/** What an API calls the members of the filter that messages name. */
export interface FilterNames {
  readonly appId: string;
  readonly functionId: string;
}

const usualNames: FilterNames = { appId: 'appId', functionId: 'functionId' };

/**
 * What history is asked for; null when the filter names only functions that nobody knows, so that nothing can be
 * found. Throws `Problem` 400.
 */
export function runFilterOf(
  written: WrittenFilter,
  registry: NamedApps,
  called: FilterNames = usualNames,
): RunFilter | null {
  const { from, until, status, isDeferred, query, appId: appNames = [] } = written;
  const names = written.functionId ?? [];
  if (names.length > 0 && appNames.length === 0) {
    const message = `${called.appId} is required when filtering by ${called.functionId}`;
    throw new Problem(400, message, { code: 'invalid_request' });
  }
  const functionIds = names.flatMap((name) => functionIdsOf(name, appNames, registry));
  if (names.length > 0 && functionIds.length === 0) return null;
  return {
    timeField: timeFieldOf(written.timeField),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
    ...(status === undefined ? {} : { statuses: status.flatMap((name) => statuses[name] ?? []) }),
    ...(appNames.length === 0
      ? {}
      : { appIds: appNames.map((name) => appIdNamed(name, registry)) }),
    ...(functionIds.length === 0 ? {} : { functionIds }),
    ...(isDeferred === undefined ? {} : { isDeferred }),
    ...(query === undefined || query.trim() === '' ? {} : { query }),
  };
}

export function timeFieldOf(written: WrittenFilter['timeField']): RunTimeField {
  return timeFields[written ?? 'queuedAt'];
}

/** The id of an app follows from its name, so runs of an app that has gone are found, too. */
function appIdNamed(name: string, registry: NamedApps): string {
  if (uuid.test(name)) return name.toLowerCase();
  return appNamed(registry, name)?.id ?? appIdOf(name);
}

function functionIdsOf(
  name: string,
  appNames: readonly string[],
  registry: NamedApps,
): readonly string[] {
  if (uuid.test(name)) return [name.toLowerCase()];
  return appNames.flatMap((appName) => {
    const app = appNamed(registry, appName);
    const fn = app === null ? null : functionNamed(app, name);
    return fn === null ? [] : [fn.id];
  });
}

/** As people write it again: the names of statuses in /v2. */
export function statusName(status: RunStatus): z.output<typeof runStatus> {
  const names = {
    Scheduled: 'QUEUED',
    Running: 'RUNNING',
    Completed: 'COMPLETED',
    Failed: 'FAILED',
    Cancelled: 'CANCELLED',
    Skipped: 'SKIPPED',
  } as const;
  return names[status];
}
