/** One declared function: from the value in its document to what the server registers. */
import type { DeclaredFunction } from '../../function/registration.ts';
import type { Place } from './finding_list.ts';
import { checkFlow } from './flow_rules.ts';
import { declare } from './function_declaration.ts';
import { type FunctionShape, functionShape } from './function_shape.ts';
import { functionIdProblem } from './id_rule.ts';
import { checkNameLength } from './name_length.ts';
import { isRecord, readShape, readSoundFields } from './shape_problems.ts';
import { readSteps } from './step_reader.ts';
import { checkTriggerList } from './trigger_list.ts';

/** Nothing is said of these: what they stand for has been refused. */
const standIns = { id: 'a', name: 'a', triggers: [{ event: 'a' }] };

/** Null when something was reported. */
export function readFunction(place: Place, value: unknown): DeclaredFunction | null {
  const before = place.list.findingCount;
  const shape = readShape(functionShape, value, place);
  // A fault in one field does not hide those in others.
  const checked =
    shape ?? (isRecord(value) ? readSoundFields(functionShape, value, standIns) : null);
  if (checked !== null) checkFields(place, checked);
  const dag = isRecord(value) ? readSteps(place.at('steps'), value.steps) : { steps: [] };
  if (shape === null || place.list.findingCount > before) return null;
  return declare(shape, dag);
}

function checkFields(place: Place, shape: FunctionShape): void {
  const idProblem = functionIdProblem(shape.id);
  if (idProblem !== null) place.at('id').refuse(idProblem);
  if (shape.name.trim() === '') place.at('name').refuse('a name is required, for people to read');
  checkNameLength(place, shape.name);
  checkTriggerList(place, shape.triggers);
  checkFlow(place, shape);
}
