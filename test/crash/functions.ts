/** The functions of the app under test, as a user would write them: they carry out the plan in their event's data. */
import { type Inngest, type InngestFunction, NonRetriableError } from 'inngest';
import {
  childKey,
  type Ending,
  type Failing,
  failureOf,
  laneLimit,
  type Part,
  retries,
  type Step,
  type Workflow,
} from './plan.ts';

/** Notes that a step is executed and whether it throws; the result says which execution it is from. */
export type Journal = (
  runId: string,
  stepId: string,
  attempt: number,
  hasThrown: boolean,
) => StepResult;

export interface StepResult {
  readonly attempt: number;
  readonly nonce: string;
}

/** Of every event that starts one of these functions. */
export interface PlanData {
  readonly eid: string;
  readonly workflow?: Workflow;
  readonly lane?: string;
}

type Steps = Parameters<Parameters<Inngest['createFunction']>[1]>[0]['step'];

/** What a handler works with. */
interface Scene {
  readonly eid: string;
  readonly runId: string;
  readonly attempt: number;
  readonly step: Steps;
  readonly child: InngestFunction.Any;
  readonly journal: Journal;
}

/** Nobody sends it. */
const neverEvent = 'crash/never';

function errorOf(message: string, failing: Failing): Error {
  return failing === 'non_retriable' ? new NonRetriableError(message) : new Error(message);
}

function messageOf(error: unknown): { message: string } {
  return { message: error instanceof Error ? error.message : String(error) };
}

function failingStep({ eid, runId, attempt, step, journal }: Scene, id: string, failing: Failing) {
  return step.run(id, () => {
    journal(runId, id, attempt, true);
    throw errorOf(failureOf(eid, id), failing);
  });
}

async function carryOutStep(scene: Scene, plan: Step): Promise<unknown> {
  const { eid, runId, attempt, step, child, journal } = scene;
  const { id } = plan;
  switch (plan.kind) {
    case 'run':
      return step.run(id, async () => {
        const result = journal(runId, id, attempt, false);
        // The step's own work: a server can die in the middle of it.
        if (plan.workMs > 0) await Bun.sleep(plan.workMs);
        return result;
      });
    case 'flaky':
      return step.run(id, () => {
        const hasThrown = attempt < plan.failures;
        const result = journal(runId, id, attempt, hasThrown);
        if (hasThrown) throw new Error(failureOf(eid, id));
        return result;
      });
    case 'caught':
      return failingStep(scene, id, plan.failing).catch(messageOf);
    case 'sleep':
      await step.sleep(id, `${plan.seconds}s`);
      return null;
    case 'wait':
    case 'raced': {
      const found = await step.waitForEvent(id, {
        event: 'crash/approval',
        timeout: plan.kind === 'wait' ? '1h' : '2s',
        if: `async.data.run == event.data.eid && async.data.step == "${id}"`,
      });
      return found === null ? null : { approval: found.data.eid };
    }
    case 'timeout':
      return step.waitForEvent(id, { event: neverEvent, timeout: `${plan.seconds}s` });
    case 'invoke': {
      const data: PlanData = { eid: childKey(eid, id), workflow: plan.child };
      return step.invoke(id, { function: child, data }).catch(messageOf);
    }
  }
}

function carryOut(scene: Scene, part: Part): Promise<unknown> {
  if (part.kind !== 'parallel') return carryOutStep(scene, part);
  return Promise.all(part.of.map((each) => carryOutStep(scene, each)));
}

async function end(scene: Scene, ending: Ending): Promise<void> {
  const { eid, runId, attempt, journal } = scene;
  if (ending.kind === 'step_throws') await failingStep(scene, ending.id, ending.failing);
  const hasThrown =
    ending.kind === 'throws' || (ending.kind === 'returns_after' && attempt < ending.failures);
  journal(runId, 'body', attempt, hasThrown);
  if (!hasThrown) return;
  const failing = ending.kind === 'throws' ? ending.failing : 'every_attempt';
  throw errorOf(failureOf(eid, 'body'), failing);
}

async function carryOutWorkflow(scene: Scene, { parts, ending }: Workflow): Promise<unknown> {
  const results: unknown[] = [];
  for (const part of parts) results.push(await carryOut(scene, part));
  await end(scene, ending);
  return { eid: scene.eid, results };
}

export function crashFunctions(client: Inngest, journal: Journal): InngestFunction.Any[] {
  const handler =
    (child: () => InngestFunction.Any) =>
    (context: { event: { data: unknown }; runId: string; attempt: number; step: Steps }) => {
      const { runId, attempt, step } = context;
      // The load sends events with this data, and `invoke` above does.
      const { eid, workflow } = context.event.data as PlanData;
      if (workflow === undefined) return { eid };
      return carryOutWorkflow({ eid, runId, attempt, step, child: child(), journal }, workflow);
    };
  const child: InngestFunction.Any = client.createFunction(
    { id: 'child', retries, triggers: [] },
    handler(() => child),
  );
  const carry = handler(() => child);
  return [
    child,
    client.createFunction(
      { id: 'workflow', retries, triggers: [{ event: 'crash/workflow' }] },
      carry,
    ),
    client.createFunction(
      {
        id: 'lane',
        retries,
        triggers: [{ event: 'crash/lane' }],
        concurrency: [{ limit: laneLimit, key: 'event.data.lane' }],
      },
      carry,
    ),
    client.createFunction(
      {
        id: 'cancelled',
        retries,
        triggers: [{ event: 'crash/cancelled' }],
        cancelOn: [{ event: 'crash/cancel', if: 'async.data.run == event.data.eid' }],
      },
      carry,
    ),
    client.createFunction({ id: 'echo', retries, triggers: [{ event: 'crash/echo' }] }, carry),
    client.createFunction({ id: 'echo-too', retries, triggers: [{ event: 'crash/echo' }] }, carry),
  ];
}
