/** What the three kinds of waits share: the pause, the item that ends it in time, the discovery that follows. */
import { z } from 'zod';
import type { Opcode } from '../driver/opcode.ts';
import { type NewPause, type PauseKind, pauseId } from '../pause/pause.ts';
import { type NewItem, runItemId } from '../queue/item.ts';
import { runScoreMs } from '../state/run_metadata.ts';
import { edgeData, type RunWork } from './edge.ts';

const timeoutSchema = z.object({
  pauseId: z.string(),
  runId: z.string(),
  stepId: z.string(),
  name: z.string(),
  kind: z.enum(['event', 'signal', 'invoke']),
  /** When it began; absent in items of older servers. */
  startedAtMs: z.number().optional(),
});

/** `data` of a `timeout` item. */
export type WaitTimeout = z.infer<typeof timeoutSchema>;

export function parseWaitTimeout(data: string): WaitTimeout {
  return timeoutSchema.parse(JSON.parse(data));
}

/** Ending a wait is retried until it works. */
const attemptsMax = 1_000_000;

export function waitOf(
  op: Opcode,
  run: RunWork,
  wait: {
    readonly kind: Exclude<PauseKind, 'cancel'>;
    readonly subject: string;
    readonly expression: string;
    readonly nowMs: number;
    readonly expiresMs: number;
  },
): { pause: NewPause; timeout: NewItem } {
  const { runId, metadata } = run;
  const id = pauseId(runId, op.id);
  const timeout: WaitTimeout = {
    pauseId: id,
    runId,
    stepId: op.id,
    name: op.displayName,
    kind: wait.kind,
    startedAtMs: wait.nowMs,
  };
  const timeoutItemId = runItemId(runId, 'timeout', op.id);
  return {
    pause: {
      id,
      runId,
      stepId: op.id,
      kind: wait.kind,
      subject: wait.subject,
      expression: wait.expression,
      createdMs: wait.nowMs,
      stepName: op.displayName,
      expiresMs: wait.expiresMs,
      timeoutItemId,
      parallelMode: op.parallelMode,
      followUp: {
        partition: metadata.functionId,
        attemptsMax: metadata.attemptsMax,
        data: edgeData(metadata),
        scoreMs: runScoreMs(metadata),
        concurrencyKeys: metadata.concurrencyKeys,
      },
    },
    timeout: {
      id: timeoutItemId,
      partition: 'timers',
      kind: 'timeout',
      runId,
      atMs: wait.expiresMs,
      scoreMs: wait.expiresMs,
      attemptsMax,
      data: JSON.stringify(timeout),
    },
  };
}
