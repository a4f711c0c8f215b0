/** The steps of a declared function: each is read by itself, then all of them are checked as a graph. */
import { type Dag, type DagEdge, type DagStep, triggerStep } from '../../function/dag.ts';
import { checkEdges } from './edge_rules.ts';
import type { Place } from './finding_list.ts';
import {
  attemptsDefault,
  type EdgeShape,
  type FoundStep,
  type StepShape,
  stepShape,
} from './function_shape.ts';
import { checkGraph } from './graph_rules.ts';
import { stepIdProblem } from './id_rule.ts';
import { checkNameLength } from './name_length.ts';
import { checkOperations, operationsMax } from './operation_count.ts';
import { isRecord, readShape } from './shape_problems.ts';
import { stepUrlProblem } from './step_url.ts';

/** Ten for each step. A function is stored and loaded whole. */
export const edgesMax = 10_000;

/** `place` is that of the steps. What is returned is valid when nothing was reported. */
export function readSteps(place: Place, value: unknown): Dag {
  if (value !== undefined && !isRecord(value)) {
    place.refuse('the steps are an object: by the id of each, what it is');
    return { steps: [] };
  }
  const entries = Object.entries(value ?? {});
  if (entries.length === 0) place.refuse('a function needs at least one step with an HTTP runtime');
  if (entries.length > operationsMax) {
    place.refuse(`a function has at most ${operationsMax} steps; this one has ${entries.length}`);
    return { steps: [] };
  }
  const found = entries.map(([id, step]) => readStep(place.at(id), id, step));
  const edgeCount = found.reduce((sum, { shape }) => sum + (shape?.after.length ?? 0), 0);
  if (edgeCount > edgesMax) {
    place.refuse(`a function has at most ${edgesMax} edges; this one has ${edgeCount}`);
    return { steps: [] };
  }
  checkOperations(place, found);
  checkGraph(place, found);
  checkEdges(place, found);
  return { steps: found.flatMap(({ id, shape }) => (shape === null ? [] : [stepOf(id, shape)])) };
}

function readStep(place: Place, id: string, value: unknown): FoundStep {
  const problem = stepIdProblem(id);
  if (problem !== null) place.refuse(problem);
  const shape = readShape(stepShape, value, place);
  if (shape === null) return { id, shape };
  if (shape.id !== undefined && shape.id !== id) {
    place.at('id').refuse('the id of a step is the name of its field');
  }
  checkNameLength(place, shape.name);
  checkRuntime(place.at('runtime'), shape.runtime);
  if (shape.path !== '') place.at('path').warn('without effect: steps are called at their URL');
  if (shape.version !== undefined) {
    place.at('version').warn('without effect: the step at the URL is the only version there is');
  }
  if (shape.join === 'all' && shape.after.length < 2) {
    place.at('join').warn('"all" makes a difference only for a step that follows several others');
  }
  return { id, shape };
}

function checkRuntime(place: Place, runtime: StepShape['runtime']): void {
  if (runtime === undefined) {
    place.refuse('a step needs an HTTP runtime: {type: "http", url: "https://…"}');
    return;
  }
  const problem = stepUrlProblem(runtime.url.trim());
  if (problem !== null) place.at('url').refuse(problem);
}

function stepOf(id: string, { name, runtime, retries, join, after }: StepShape): DagStep {
  return {
    id,
    name: name === '' ? id : name,
    url: runtime?.url.trim() ?? '',
    // 0 and 1 are a single execution (cue-config.md §6.8).
    attempts: Math.max(1, retries?.attempts ?? attemptsDefault),
    join,
    after: after.length === 0 ? [{ from: triggerStep }] : after.map(edgeOf),
  };
}

function edgeOf({ step: from, if: condition, wait, async }: EdgeShape): DagEdge {
  return {
    from,
    ...(condition === undefined ? {} : { if: condition }),
    // The event wins (cue-config.md §6.4).
    ...(async === undefined && wait !== undefined ? { wait } : {}),
    ...(async && { async }),
  };
}
