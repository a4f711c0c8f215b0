/**
 * Ids of spans. They follow from what the spans are about, so that every process, before and after a crash, and every
 * collector that is told twice, means the same span (observability-ui.md §7.2).
 */
import { hash } from 'node:crypto';

/** Hex, 32 digits. One run is one trace; what led to it is linked. */
export function traceIdOf(runId: string): string {
  return digest(`trace:${runId}`, 32);
}

/** Which span of a run is meant. */
export type SpanSubject =
  | { readonly of: 'trigger' }
  | { readonly of: 'run' }
  | { readonly of: 'call'; readonly callId: string }
  | { readonly of: 'step'; readonly stepId: string }
  | { readonly of: 'attempt'; readonly stepId: string; readonly attempt: number };

/** Hex, 16 digits. */
export function spanIdOf(runId: string, subject: SpanSubject): string {
  switch (subject.of) {
    case 'trigger':
    case 'run':
      return digest(`${subject.of}:${runId}`, 16);
    case 'call':
      return digest(`call:${runId}:${subject.callId}`, 16);
    case 'step':
      return digest(`step:${runId}:${subject.stepId}`, 16);
    case 'attempt':
      return digest(`step:${runId}:${subject.stepId}:${subject.attempt}`, 16);
  }
}

/** `group` of an item's calls: its id without the run's (`<run>.start` → `start`). */
export function groupOf(runId: string, itemId: string): string {
  return itemId.startsWith(`${runId}.`) ? itemId.slice(runId.length + 1) : itemId;
}

export function callIdOf(group: string, generation: number): string {
  return `${group}#${generation}`;
}

function digest(text: string, hexDigits: number): string {
  return hash('sha256', text, 'hex').slice(0, hexDigits);
}
