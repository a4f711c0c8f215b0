/** Facts in, spans out: one for every fact that ends something. */

import { accountId, environmentId } from '../../function/definition.ts';
import { type Fact, isAboutAi, isMemoized } from '../../history/fact.ts';
import { aiKind } from './ai_metadata.ts';
import { cronTickOf } from './cron_tick.ts';
import type { ExportSpan } from './export_span.ts';
import { callSpan, runSpan, triggerSpan } from './run_span.ts';
import { type RunMemory, SpanMemory } from './span_memory.ts';
import { endsStep, startOf, stepSpan } from './step_span.ts';

export class SpanBuilder {
  readonly #memory = new SpanMemory();

  /** Null when the fact ends nothing, or was told before. Throws when the text is no fact. */
  build(factText: string): ExportSpan | null {
    // The server wrote the text itself, by `factText`.
    const span = this.#spanOf(JSON.parse(factText) as Fact);
    return span !== null && this.#memory.isNew(span.spanId) ? span : null;
  }

  #spanOf(fact: Fact): ExportSpan | null {
    const memory = this.#memory;
    switch (fact.t) {
      case 'event': {
        const tick = cronTickOf(fact.payload);
        if (tick !== null) memory.noteTick(fact.internalId, tick);
        return null;
      }
      case 'run.scheduled': {
        const { runId, functionId, appId, functionSlug, functionVersion, atMs } = fact;
        const of = { functionId, appId, functionSlug, functionVersion, scheduledAtMs: atMs };
        memory.noteRun(runId, of);
        const tick = memory.tick(fact.eventIds[0] ?? '');
        return triggerSpan(fact, tick, commonAttributes(runId, of));
      }
      case 'run.started':
        memory.noteRun(fact.runId, { startedAtMs: fact.atMs });
        return null;
      case 'run.ended': {
        const { runId, functionId, appId, functionSlug } = fact;
        const before = memory.run(runId);
        const known = {
          ...before,
          ...(functionId && { functionId }),
          ...(appId && { appId }),
          ...(functionSlug && { functionSlug }),
        };
        return runSpan(fact, before, commonAttributes(runId, known));
      }
      case 'call.ended': {
        const known = { ...memory.run(fact.runId), functionSlug: fact.functionSlug };
        return callSpan(fact, commonAttributes(fact.runId, known));
      }
      case 'step':
        return this.#step(fact);
      case 'metadata':
        if (fact.kind === aiKind) memory.noteRun(fact.runId, { hasAi: true });
        return null;
      default:
        // The apps' own tracers export what they traced.
        return null;
    }
  }

  #step(fact: Extract<Fact, { t: 'step' }>): ExportSpan | null {
    const { runId, stepId, status, atMs, detail } = fact;
    // Its span is part of the run in which it ran.
    if (isMemoized(fact)) return null;
    const memory = this.#memory.step(runId, stepId);
    if (isAboutAi(fact)) this.#memory.noteRun(runId, { hasAi: true });
    if (!endsStep(fact)) {
      this.#memory.noteStep(runId, stepId, { queuedAtMs: atMs, ...(detail && { detail }) });
      return null;
    }
    if (status === 'Errored') {
      this.#memory.noteStep(runId, stepId, { startedAtMs: startOf(fact, memory) });
    }
    return stepSpan(fact, memory, commonAttributes(runId, this.#memory.run(runId)));
  }
}

function commonAttributes(runId: string, run: RunMemory): ExportSpan['attributes'] {
  return {
    'sys.account.id': accountId,
    'sys.workspace.id': environmentId,
    'sys.app.id': run.appId,
    'sys.function.id': run.functionId,
    'sys.function.slug': run.functionSlug,
    'sys.function.version': run.functionVersion,
    'sdk.run.id': runId,
  };
}
