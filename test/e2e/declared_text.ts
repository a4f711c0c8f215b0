/** Documents of the tests themselves, as JSON: functions whose steps answer at the step server. */
import { examplePort } from '../../examples/cue/step-server.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface FunctionText extends Fields {
  readonly steps: Readonly<Record<string, Fields>>;
}

/** `place`: a path of the step server, or a whole URL. */
export function stepAt(place: string, fields: Fields = {}): Fields {
  const url = place.startsWith('/') ? `http://127.0.0.1:${examplePort}${place}` : place;
  return { runtime: { type: 'http', url }, ...fields };
}

/** A step that is called once, whatever it answers. */
export function onceAt(place: string, fields: Fields = {}): Fields {
  return stepAt(place, { retries: { attempts: 1 }, ...fields });
}

/** What follows one step or several, with nothing in between. */
export function after(...steps: readonly string[]): Fields {
  return { after: steps.map((step) => ({ step })) };
}

/** By their ids. A function that says nothing else is started by the event `<id>/wanted`. */
export function functionsText(functions: Readonly<Record<string, FunctionText>>): string {
  const entries = Object.entries(functions).map(([id, fields]) => [
    id,
    { id, name: id, triggers: [{ event: `${id}/wanted` }], ...fields },
  ]);
  return JSON.stringify({ functions: Object.fromEntries(entries) }, null, 2);
}

/** Functions of one step each, called once: by their ids, the paths of the steps. */
export function pathsText(paths: Readonly<Record<string, string>>): string {
  const entries = Object.entries(paths).map(
    ([id, path]) => [id, { steps: { only: onceAt(path) } }] as const,
  );
  return functionsText(Object.fromEntries(entries));
}
