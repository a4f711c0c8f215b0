/** Requests that the server makes for steps (step.fetch, step.ai.infer; sdk-http-protocol.md §5). */
import { retryDelaysMs } from '../queue/backoff.ts';
import type { LeasedItem } from '../queue/item.ts';
import { requeue } from '../queue/queue.ts';
import { endRun } from '../state/run_end.ts';
import { loadRun } from '../state/run_state.ts';
import { commitSteps } from '../state/step_commit.ts';
import { callIdOf, groupOf } from '../trace/identity.ts';
import { edgeItem } from './edge.ts';
import { parseGatewayData } from './opcodes/gateway.ts';
import { stateOverflow } from './run_failure.ts';
import { opcodeFact } from './step_fact.ts';
import type { ExecutorParts } from './work.ts';

const nsPerMs = 1_000_000;

export class GatewayRequests {
  constructor(private readonly parts: ExecutorParts) {}

  async handle(item: LeasedItem): Promise<void> {
    const { store, clock, gateway, stopping, retryIntervalMs, random } = this.parts;
    const { op } = parseGatewayData(item.data);
    const run = await loadRun(store, item.runId, { withSteps: false });
    if (run === null) {
      await endRun(store, { item, runId: item.runId, items: [], facts: [] });
      return;
    }
    const startedAtMs = clock.now();
    const outcome = await gateway(op, { clock, signal: stopping });
    if (stopping.aborted && outcome.kind === 'failed') return;
    const nowMs = clock.now();
    // The SDK times what it runs; here the server does.
    const timing = { a: startedAtMs * nsPerMs, b: (nowMs - startedAtMs) * nsPerMs };
    const publicOp = { ...op, opts: { type: op.opts.type }, timing };
    const group = groupOf(item.runId, item.id);
    const about = {
      runId: item.runId,
      callId: callIdOf(group, item.generation),
      attempt: item.attempt,
      attemptsMax: item.attemptsMax,
      nowMs,
      output: outcome.memoText,
    };
    if (outcome.kind === 'failed') {
      const delaysMs =
        outcome.retryAtMs === undefined
          ? retryDelaysMs(retryIntervalMs, random)
          : [Math.max(0, outcome.retryAtMs - nowMs)];
      const facts = [opcodeFact(publicOp, { ...about, status: 'Errored' })];
      const put = await requeue(store, item, { nowMs, isAttempt: true, delaysMs, facts });
      if (put.kind !== 'exhausted') return;
    }
    const status = outcome.kind === 'failed' ? 'Failed' : 'Completed';
    await this.commit(item, run.metadata, {
      stepId: op.id,
      output: outcome.memoText,
      parallelMode: op.parallelMode,
      fact: opcodeFact(publicOp, { ...about, status }),
    });
  }

  private async commit(
    item: LeasedItem,
    metadata: Parameters<typeof edgeItem>[0]['metadata'],
    output: { stepId: string; output: string; parallelMode: string; fact: string },
  ): Promise<void> {
    const { store, clock, limits, terminator } = this.parts;
    const nowMs = clock.now();
    const stateBytesMax = limits.stateBytesMax(metadata.functionId);
    const run = { runId: item.runId, metadata };
    const committed = await commitSteps(store, {
      nowMs,
      item,
      runId: item.runId,
      stateBytesMax,
      plan: {
        requestVersion: null,
        forcesPlan: false,
        group: [],
        outputs: [output],
        discovery: edgeItem(run, { id: '', kind: 'edge', atMs: nowMs, nowMs }),
        items: [],
        waits: [],
        defers: [],
        facts: [],
      },
    });
    if (committed === 'state_overflow') {
      await terminator.fail(item.runId, item, stateOverflow(stateBytesMax));
    }
  }
}
