/** Runs that begin in an app's own HTTP handler: durable endpoints (sdk-http-protocol.md §7.4, §7.5; execution.md §19). */
import { parseEndpointRequest } from '../driver/endpoint_request.ts';
import { createRun, type NewRun } from '../state/run_creation.ts';
import { loadRun } from '../state/run_state.ts';
import { type CheckpointOutcome, parseReported, rejected } from './checkpoints.ts';
import { endpointIdentity } from './endpoint_function.ts';
import { newSyncRun, type SyncRunRequest } from './new_sync_run.ts';
import { commitReport, type ReportingRun, type SyncReportParts } from './sync_report.ts';

export type SyncRunParts = SyncReportParts;

export type SyncRunOutcome =
  | {
      readonly kind: 'created';
      readonly functionId: string;
      readonly appId: string;
      readonly runId: string;
    }
  | { readonly kind: 'rejected'; readonly status: 400 | 409 | 413; readonly message: string };

export class SyncRuns {
  constructor(private readonly parts: SyncRunParts) {}

  /**
   * Creates the run and carries out the steps that came with it. Nothing is created when they cannot be read. The SDK
   * asks again when the answer was lost: what came of the first request is then completed.
   */
  async create(request: SyncRunRequest): Promise<SyncRunOutcome> {
    const { store, clock, newId } = this.parts;
    const parsed = parseReported(request.steps);
    if (!parsed.ok) {
      const status = parsed.isTooLarge ? 413 : 400;
      return { kind: 'rejected', status, message: parsed.message };
    }
    const endpoint = parseEndpointRequest(request.event);
    if (!endpoint.ok) return { kind: 'rejected', status: 400, message: endpoint.message };
    const identity = endpointIdentity(endpoint.request);
    const context = { nowMs: clock.now(), eventId: newId() };
    let run: NewRun;
    try {
      run = newSyncRun(request, endpoint.request, identity, context);
    } catch (error) {
      // Nested deeper than any JSON text the server keeps.
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'rejected', status: 400, message: `event: ${message}` };
    }
    const reporting = (await createRun(store, run))
      ? { ...run, defers: [], stepCount: 0 }
      : await this.begunBefore(run);
    if (reporting === null) return { kind: 'rejected', status: 409, message: 'Run already exists' };
    await commitReport(this.parts, reporting, parsed.ops);
    const { functionId, appId } = identity;
    return { kind: 'created', functionId, appId, runId: request.runId };
  }

  /** The run that an earlier request of the same kind created, while it goes on. */
  private async begunBefore({ runId, metadata }: NewRun): Promise<ReportingRun | null> {
    const run = await loadRun(this.parts.store, runId, { withSteps: false });
    if (run === null || run.metadata.mode !== 'sync') return null;
    return run.metadata.functionId === metadata.functionId ? { ...run, runId } : null;
  }

  /**
   * Takes what a run's app has done since. Of a run that is over nothing is kept, and the app is not told: its
   * caller waits for an answer all the same (http-api.md §5).
   */
  async save(runId: string, steps: unknown): Promise<CheckpointOutcome> {
    const { store } = this.parts;
    const parsed = parseReported(steps);
    if (!parsed.ok) return rejected(parsed.isTooLarge ? 413 : 400, parsed.message);
    const run = await loadRun(store, runId, { withSteps: false });
    if (run === null) return { kind: 'saved' };
    if (run.metadata.mode !== 'sync') {
      return rejected(400, `run ${runId} did not begin in an endpoint: report its steps to /async`);
    }
    await commitReport(this.parts, { ...run, runId }, parsed.ops);
    return { kind: 'saved' };
  }
}
