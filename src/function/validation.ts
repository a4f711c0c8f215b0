/**
 * The rules of a function (sdk-http-protocol.md §1.7, execution.md §2.3). All of them are applied, so that
 * one sync tells everything that has to change.
 */
import { parseDuration, parseGoDuration } from '../lib/duration.ts';
import { timeoutAt } from '../lib/timeout.ts';
import type { LimitInput } from './concurrency.ts';
import type { FunctionDefinition } from './definition.ts';
import { type ExpressionRule, expressionRule } from './expression_rule.ts';
import type { FunctionInput } from './registration_schema.ts';
import { checkTriggers } from './trigger_rules.ts';
import { isStepUrl } from './url.ts';
import type { Report } from './validation_error.ts';

const cancellationsMax = 5;
const stepLimitsMax = 2;
const runLimitsMax = 1;
const batchSizeMin = 2;
const secondMs = 1_000;
const dayMs = 86_400_000;

export function checkFunction(input: FunctionInput, report: Report): void {
  const expression = expressionRule(report);
  if (input.name === '') report.add('name', 'a function needs a name');
  checkTriggers(input.triggers, report, expression);
  checkSteps(input, report);
  checkStepLimits(input.concurrency.step, report, expression);
  checkRunLimits(input.concurrency.fn, report, expression);
  checkRate(input, report, expression);
  checkBatch(input, report, expression);
  checkCancellations(input, report, expression);
  expression('priority.run', input.priority?.run);
  expression('singleton.key', input.singleton?.key);
  checkTimeouts(input, report);
}

function checkSteps({ steps }: FunctionInput, report: Report): void {
  const entries = Object.entries(steps);
  if (entries.length !== 1) {
    report.add('steps', `a function has exactly one step; this one has ${entries.length}`);
  }
  for (const [key, step] of entries) {
    const at = `steps[${JSON.stringify(key)}]`;
    if (step.name === '') report.add(`${at}.name`, 'a step needs a name');
    const url = step.runtime?.url;
    if (typeof url !== 'string' || url === '') {
      report.add(`${at}.runtime.url`, 'No SDK URL provided for the step');
    } else if (!isStepUrl(url)) {
      report.add(`${at}.runtime.url`, `${quote(url)} is not an http, https, ws or wss URL`);
    }
  }
}

function checkStepLimits(
  limits: readonly LimitInput[],
  report: Report,
  expression: ExpressionRule,
): void {
  const code = 'concurrency_limit_invalid';
  if (limits.length > stepLimitsMax) {
    const count = `this function has ${limits.length}`;
    report.add(
      'concurrency',
      `at most ${stepLimitsMax} concurrency limits are allowed; ${count}`,
      code,
    );
  }
  for (const [index, { limit, key, scope = 'fn' }] of limits.entries()) {
    const at = limits.length > 1 ? `concurrency[${index}]` : 'concurrency';
    if (limit < 0) report.add(`${at}.limit`, 'a limit is 0 (none) or more', code);
    if (scope === 'app') report.add(`${at}.scope`, 'scope "app" is reserved to the server', code);
    else if (scope !== 'fn' && key === undefined) {
      report.add(`${at}.key`, `scope ${quote(scope)} needs a key`, code);
    }
    expression(`${at}.key`, key);
  }
}

function checkRunLimits(
  limits: readonly LimitInput[],
  report: Report,
  expression: ExpressionRule,
): void {
  const code = 'concurrency_limit_invalid';
  if (limits.length > runLimitsMax) {
    report.add('concurrency.fn', `at most ${runLimitsMax} limit for runs is allowed`, code);
  }
  for (const [index, { limit, key, scope = 'fn' }] of limits.entries()) {
    const at = `concurrency.fn[${index}]`;
    if (limit < 1) report.add(`${at}.limit`, 'a limit for runs is at least 1', code);
    if (scope === 'app') report.add(`${at}.scope`, 'scope "app" is reserved to the server', code);
    else if (scope !== 'fn') report.add(`${at}.scope`, 'runs are limited per function only', code);
    expression(`${at}.key`, key);
  }
}

type RateInput = Pick<FunctionDefinition, 'throttle' | 'rateLimit' | 'idempotency' | 'debounce'>;

export function checkRate(input: RateInput, report: Report, expression: ExpressionRule): void {
  const { rateLimit, idempotency, debounce } = input;
  checkThrottle(input, report, expression);
  expression('idempotency', idempotency);
  // Idempotency takes the place of the rate limit, which is then not looked at (§1.7).
  if (rateLimit !== undefined && idempotency === undefined) {
    if (rateLimit.limit < 1) report.add('rateLimit.limit', 'a rate limit allows at least 1 run');
    checkPeriod(
      'rateLimit.period',
      rateLimit.period,
      { minMs: 0, maxMs: dayMs, range: 'at most 24h' },
      report,
    );
    expression('rateLimit.key', rateLimit.key);
  }
  if (debounce !== undefined) {
    const bounds = { minMs: secondMs, maxMs: 7 * dayMs, range: 'from 1s to 7d' };
    checkPeriod('debounce.period', debounce.period, bounds, report);
    expression('debounce.key', debounce.key);
  }
}

function checkThrottle(
  { throttle }: Pick<FunctionDefinition, 'throttle'>,
  report: Report,
  expression: ExpressionRule,
): void {
  if (throttle === undefined) return;
  const { limit, period, burst, key } = throttle;
  if (limit < 0) report.add('throttle.limit', 'a throttle allows at least 1 run');
  if (burst < 0) report.add('throttle.burst', 'a burst is 0 or more');
  const periodMs = parseDuration(period);
  if (periodMs === null) {
    report.add('throttle.period', `${quote(period)} is not a duration; write for example "30s"`);
  } else if (periodMs < secondMs) {
    // Stored as whole seconds: a shorter period would be no period.
    report.add('throttle.period', `${quote(period)} is shorter than 1s`);
  }
  expression('throttle.key', key);
}

function checkPeriod(
  path: string,
  text: string,
  {
    minMs,
    maxMs,
    range,
  }: { readonly minMs: number; readonly maxMs: number; readonly range: string },
  report: Report,
): void {
  const periodMs = text === '' ? null : parseDuration(text);
  if (text === '') report.add(path, `a period is required, ${range}`);
  else if (periodMs === null)
    report.add(path, `${quote(text)} is not a duration; write for example "30s"`);
  else if (periodMs <= 0 || periodMs < minMs || periodMs > maxMs) {
    report.add(path, `${quote(text)} is out of range; a period is ${range}`);
  }
}

type BatchInput = Pick<
  FunctionDefinition,
  'batchEvents' | 'cancel' | 'debounce' | 'singleton' | 'priority'
>;

export function checkBatch(input: BatchInput, report: Report, expression: ExpressionRule): void {
  const { batchEvents } = input;
  if (batchEvents === undefined) return;
  const { maxSize, timeout, key } = batchEvents;
  if (maxSize < batchSizeMin) {
    report.add(
      'batchEvents.maxSize',
      `a batch has at least ${batchSizeMin} events`,
      'batch_size_invalid',
    );
  }
  const timeoutMs = parseGoDuration(timeout);
  if (timeoutMs === null || timeoutMs < secondMs) {
    const advice = 'use at least 1s, in the units s, m and h';
    const message =
      timeout === '' ? 'a batch timeout is required' : `${quote(timeout)} is not allowed`;
    report.add('batchEvents.timeout', `${message}; ${advice}`, 'batch_timeout_invalid');
  }
  expression('batchEvents.key', key, 'batch_key_expression_invalid');
  expression('batchEvents.if', batchEvents.if, 'batch_if_expression_invalid');
  const others: readonly (readonly [name: string, isUsed: boolean])[] = [
    ['cancel', input.cancel.length > 0],
    ['debounce', input.debounce !== undefined],
    ['singleton', input.singleton !== undefined],
    ['priority.run', input.priority?.run !== undefined],
  ];
  for (const [name, isUsed] of others) {
    if (!isUsed) continue;
    report.add('batchEvents', `batching cannot be combined with ${name}`, 'combo_unsupported');
  }
}

export function checkCancellations(
  input: Pick<FunctionDefinition, 'cancel'>,
  report: Report,
  expression: ExpressionRule,
): void {
  const { cancel } = input;
  if (cancel.length > cancellationsMax) {
    const count = `this function has ${cancel.length}`;
    report.add('cancel', `at most ${cancellationsMax} cancellations are allowed; ${count}`);
  }
  for (const [index, { event, if: condition, timeout }] of cancel.entries()) {
    if (event === '') report.add(`cancel[${index}].event`, 'a cancellation needs an event name');
    expression(`cancel[${index}].if`, condition, 'config_invalid', 'restrictive');
    const moment = timeout === undefined ? null : timeoutAt(timeout, 0);
    if (moment?.ok === false) report.warn(`cancel[${index}].timeout`, `${moment.message}; ignored`);
  }
}

/** Unreadable durations here have always meant "none"; their author is told all the same. */
function checkTimeouts({ timeouts, debounce }: FunctionInput, report: Report): void {
  const texts = {
    'timeouts.start': timeouts?.start,
    'timeouts.finish': timeouts?.finish,
    'debounce.timeout': debounce?.timeout,
  };
  for (const [path, text] of Object.entries(texts)) {
    if (text === undefined || parseDuration(text) !== null) continue;
    report.warn(path, `${quote(text)} is not a duration; ignored`);
  }
}

/** Texts of strangers are cut, so that no message outgrows its reader. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
