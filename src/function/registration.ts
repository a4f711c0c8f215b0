/**
 * The door for registrations: the document that an SDK sends becomes an app whose functions are valid,
 * or one report of everything that is wrong with it (sdk-http-protocol.md §1.6, §1.7).
 */
import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { AppDefinition, ConcurrencyLimit, FunctionDefinition, Trigger } from './definition.ts';
import { documentApp } from './document_app.ts';
import { slugOf } from './identity.ts';
import { foldKeys } from './json_keys.ts';
import {
  type DocumentInput,
  documentSchema,
  type FunctionInput,
  functionSchema,
  type TriggerInput,
} from './registration_schema.ts';
import { isConnectUrl, isStepUrl, normalizeUrl } from './url.ts';
import { checkFunction } from './validation.ts';
import { Report, type ValidationError } from './validation_error.ts';

/** A function as its app declares it: what the registry adds is missing. */
export type DeclaredFunction = Omit<FunctionDefinition, 'id' | 'appId' | 'appName' | 'version'>;

/** A valid registration. */
export interface Registration
  extends Omit<AppDefinition, 'id' | 'error' | 'syncedAtMs' | 'functions'> {
  readonly functions: readonly DeclaredFunction[];
  /** What was ignored and should be looked at; not part of the checksum. */
  readonly warnings: readonly string[];
}

export type ReadRegistration =
  | { readonly ok: true; readonly registration: Registration }
  | {
      readonly ok: false;
      /** `malformed`: something has the wrong type. `invalid`: all types are right, but a rule is broken. */
      readonly reason: 'malformed' | 'no_app_name' | 'invalid';
      /** Empty when it could not be read. */
      readonly appName: string;
      /** Normalised; empty when it could not be read. */
      readonly url: string;
      readonly errors: readonly ValidationError[];
    };

const retriesDefault = 4;
const retriesMax = 20;
/** More functions than any app has; each costs memory in every index. */
export const functionsMax = 10_000;

/** Reads the body of `/fn/register`, parsed as JSON. Never throws. */
export function readRegistration(value: unknown): ReadRegistration {
  const parsed = documentSchema.safeParse(foldKeys(value));
  if (!parsed.success) {
    const report = new Report('', '');
    reportShape(parsed.error, report);
    return { ok: false, reason: 'malformed', appName: '', url: '', errors: report.errors };
  }
  const document = { ...parsed.data, url: normalizeUrl(parsed.data.url) };
  const { appName, url } = document;
  const report = new Report('', '');
  if (appName === '') report.add('appName', 'App ID required');
  if (appName === documentApp) {
    report.add(
      'appName',
      `"${documentApp}" is the app of functions declared in documents; choose another id`,
    );
  }
  if (url !== '' && !isStepUrl(url))
    report.add('url', 'the URL of an app begins with http(s) or ws(s)');
  if (document.functions.length > functionsMax) {
    report.add('functions', `an app has at most ${functionsMax} functions`);
  }
  const read = readFunctions(document.functions.slice(0, functionsMax));
  const errors = [...report.errors, ...read.errors];
  if (appName === '') return { ok: false, reason: 'no_app_name', appName, url, errors };
  if (errors.length > 0) {
    return { ok: false, reason: read.isMalformed ? 'malformed' : 'invalid', appName, url, errors };
  }
  return { ok: true, registration: registrationOf(document, read.functions, read.warnings) };
}

interface FunctionsRead {
  readonly functions: readonly DeclaredFunction[];
  readonly errors: readonly ValidationError[];
  readonly warnings: readonly string[];
  readonly isMalformed: boolean;
}

function readFunctions(values: readonly unknown[]): FunctionsRead {
  const functions: DeclaredFunction[] = [];
  const errors: ValidationError[] = [];
  const warnings: string[] = [];
  const indexOfSlug = new Map<string, number>();
  let isMalformed = false;
  for (const [index, value] of values.entries()) {
    const report = new Report(slugIn(value), `functions[${index}]`);
    const parsed = functionSchema.safeParse(value);
    if (parsed.success) {
      checkFunction(parsed.data, report);
      const twin = indexOfSlug.get(report.functionSlug);
      if (twin !== undefined) report.add('id', `functions[${twin}] has the same id`);
      indexOfSlug.set(report.functionSlug, index);
      if (report.errors.length === 0) functions.push(declare(parsed.data, report.functionSlug));
    } else {
      isMalformed = true;
      reportShape(parsed.error, report);
    }
    errors.push(...report.errors);
    warnings.push(...report.warnings);
  }
  return { functions, errors, warnings, isMalformed };
}

function registrationOf(
  document: DocumentInput,
  functions: readonly DeclaredFunction[],
  warnings: readonly string[],
): Registration {
  const { appName: name, url, framework, appVersion } = document;
  const [, sdkLanguage = '', sdkVersion = ''] = /^([^:]*):?(.*)$/s.exec(document.sdk) ?? [];
  const method = document.deployType === 'connect' || isConnectUrl(url) ? 'connect' : 'serve';
  return withChecksum({
    ...{ name, url, sdkLanguage, sdkVersion, framework, appVersion, method, functions, warnings },
  });
}

/** The checksum is of everything but the warnings. */
export function withChecksum({
  warnings,
  ...content
}: Omit<Registration, 'checksum'>): Registration {
  const checksum = createHash('sha256').update(canonicalJson(content)).digest('hex');
  return { ...content, checksum, warnings };
}

/** Turns a function that is valid into its definition. */
function declare(input: FunctionInput, slug: string): DeclaredFunction {
  const { name, throttle, rateLimit, idempotency, debounce, batchEvents, singleton } = input;
  const { timeouts, priority, checkpoint } = input;
  const [step] = Object.values(input.steps);
  const url = normalizeUrl(typeof step?.runtime?.url === 'string' ? step.runtime.url : '');
  const retries = step?.retries?.attempts ?? input.retries ?? retriesDefault;
  return {
    slug,
    name,
    triggers: input.triggers.map(triggerOf),
    url,
    driver: driverOf(input, url),
    retries: Math.min(retries, retriesMax),
    concurrency: input.concurrency.step.map(limitOf).sort((a, b) => a.limit - b.limit),
    runConcurrency: input.concurrency.fn.map(limitOf),
    cancel: input.cancel,
    ...(timeouts && { timeouts }),
    ...(priority && { priority }),
    // A limit of 0 would never start a run; 1 is the least there is (§1.7).
    ...(throttle && { throttle: { ...throttle, limit: Math.max(1, throttle.limit) } }),
    ...(idempotency === undefined ? rateLimit && { rateLimit } : { idempotency }),
    ...(debounce && { debounce }),
    ...(batchEvents && { batchEvents }),
    ...(singleton && { singleton }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

export function triggerOf({ event, expression, cron, jitter }: Partial<TriggerInput>): Trigger {
  if (event !== undefined) return { event, ...(expression === undefined ? {} : { expression }) };
  const hasJitter = jitter !== undefined && jitter.trim() !== '';
  // Validation has seen that what is no event is a cron.
  return { cron: cron ?? '', ...(hasJitter ? { jitter: jitter.trim() } : {}) };
}

function limitOf({
  limit,
  key,
  scope = 'fn',
}: FunctionInput['concurrency']['step'][number]): ConcurrencyLimit {
  // Validation has refused the server's own scope.
  return { limit, ...(key === undefined ? {} : { key }), scope: scope === 'app' ? 'fn' : scope };
}

function driverOf(input: FunctionInput, url: string): FunctionDefinition['driver'] {
  if (input.driver?.metadata?.type === 'sync') return 'sync';
  return isConnectUrl(url) ? 'connect' : 'http';
}

/** The slug of a function that may not have the right types, for the report. */
function slugIn(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  if ('id' in value && typeof value.id === 'string' && value.id !== '') return value.id;
  return 'name' in value && typeof value.name === 'string' ? slugOf(value.name) : '';
}

function reportShape(error: z.ZodError, report: Report): void {
  for (const issue of error.issues) {
    const path = issue.path.map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^\w+$/.test(String(part)) ? `.${String(part)}` : `[${JSON.stringify(String(part))}]`;
    });
    report.add(path.join('').replace(/^\./, ''), wordsOf(issue));
  }
}

/** Zod's own words begin with "Invalid input: " for a wrong type; what was expected is enough. */
function wordsOf({ message }: z.core.$ZodIssue): string {
  return message.replace(/^Invalid input: /, '');
}
