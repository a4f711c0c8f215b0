/** Why evaluating a document was given up, in words for its author. */
import type { TextAnswer } from './cue_message.ts';

const smaller = 'make it smaller, most of all its loops and what it repeats';
const unexpected = 'try again, and report it if it happens again';

export function slowMessage(wallMs: number): string {
  return `evaluating it takes longer than ${wallMs / 1000} s: ${smaller}`;
}

export const togetherMessage = `evaluating it and the documents before it takes too long: ${smaller}`;

export function startMessage(reason: string): string {
  return `CUE's engine could not be started (${reason}): ${unexpected}`;
}

export function crashMessage(reason: string): string {
  return `CUE's engine ended while it evaluated the document (${reason}): ${unexpected}`;
}

export function lostMessage(
  { reason, detail }: Extract<TextAnswer, { kind: 'lost' }>,
  memoryBytes: number,
): string {
  if (reason === 'crash') return crashMessage(detail);
  if (reason === 'depth') return 'objects, lists or brackets in it are nested too deeply';
  return `evaluating it takes more than ${Math.floor(memoryBytes / 1024 / 1024)} MiB of memory: ${smaller}`;
}
