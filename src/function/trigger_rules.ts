/** The rules of triggers (sdk-http-protocol.md §1.7.1). */
import { canonicalJson } from '../lib/canonical_json.ts';
import { parseDuration } from '../lib/duration.ts';
import type { ExpressionRule } from './expression_rule.ts';
import type { TriggerInput } from './registration_schema.ts';
import { cronCharsMax, parseSchedule } from './schedule.ts';
import type { Report } from './validation_error.ts';

const triggersMax = 10;
const triggerEventCharsMax = 255;
const jitterMsMin = 1_000;
const jitterMsMax = 300_000;

export function checkTriggers(
  triggers: readonly TriggerInput[],
  report: Report,
  expression: ExpressionRule,
): void {
  if (triggers.length > triggersMax) {
    const count = `this function has ${triggers.length}`;
    report.add('triggers', `at most ${triggersMax} triggers are allowed; ${count}`);
  }
  // A function far past the bound is refused anyway; its triggers are not read one by one.
  for (const [index, trigger] of triggers.slice(0, triggersMax * 2).entries()) {
    checkTrigger(trigger, `triggers[${index}]`, report, expression);
    checkRepetition(triggers, index, report);
  }
}

function checkTrigger(
  { event, cron, jitter, expression: condition }: TriggerInput,
  at: string,
  report: Report,
  expression: ExpressionRule,
): void {
  if (event !== undefined && cron !== undefined) {
    report.add(at, 'a trigger has an event or a cron, not both');
  } else if (event !== undefined) {
    if (event === '') report.add(`${at}.event`, 'an event trigger needs an event name');
    if (event.length > triggerEventCharsMax) {
      const limit = `at most ${triggerEventCharsMax} are allowed`;
      report.add(`${at}.event`, `${event.length} characters; ${limit}`, 'event_name_invalid');
    }
    expression(`${at}.expression`, condition);
  } else if (cron !== undefined) {
    const schedule = parseSchedule(cron);
    const code = cron.length > cronCharsMax ? 'schedule_invalid' : 'config_invalid';
    if (!schedule.ok) report.add(`${at}.cron`, schedule.message, code);
    checkJitter(jitter, `${at}.jitter`, report);
  } else {
    report.add(at, 'a trigger needs an event or a cron');
  }
}

function checkJitter(jitter: string | undefined, path: string, report: Report): void {
  if (jitter === undefined || jitter.trim() === '') return;
  const jitterMs = parseDuration(jitter.trim());
  if (jitterMs === 0) return;
  if (jitterMs === null || jitterMs < jitterMsMin || jitterMs > jitterMsMax) {
    const shown = JSON.stringify(jitter.slice(0, 120));
    report.add(path, `${shown} is not allowed; a jitter is a duration from 1s to 5m`);
  }
}

function checkRepetition(triggers: readonly TriggerInput[], index: number, report: Report): void {
  const trigger = triggers[index];
  if (trigger === undefined) return;
  const earlier = triggers.slice(0, index);
  const text = canonicalJson(trigger);
  const same = earlier.findIndex((other) => canonicalJson(other) === text);
  if (same !== -1) {
    report.add(`triggers[${index}]`, `the same as triggers[${same}]`);
    return;
  }
  if (trigger.cron === undefined) return;
  const sameCron = earlier.findIndex(({ cron }) => cron === trigger.cron);
  if (sameCron !== -1)
    report.add(`triggers[${index}].cron`, `the same as triggers[${sameCron}].cron`);
}
