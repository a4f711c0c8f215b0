/** What the rules that all functions share report, at the places where documents have it. */
import type { Report } from '../../function/validation_error.ts';
import type { ValuePath } from '../evaluator.ts';
import type { Place } from './finding_list.ts';

/** Fields that a document calls otherwise. */
const documentNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['batchEvents', ['batch']],
  ['throttle.limit', ['throttle', 'count']],
]);

/** `triggers[0].cron` -> `['triggers', 0, 'cron']`. */
export function rulePathOf(text: string): ValuePath {
  for (const [name, parts] of documentNames) {
    if (text === name) return parts;
    if (text.startsWith(`${name}.`)) return [...parts, ...rulePathOf(text.slice(name.length + 1))];
  }
  const parts = text.match(/[^.[\]]+/g) ?? [];
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** The report is one without a place of its own: its paths begin at the function. */
export function refuseReported(report: Report, place: Place): void {
  for (const { path, message } of report.errors) place.at(...rulePathOf(path)).refuse(message);
}
