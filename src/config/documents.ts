/** Documents from their text to what the server runs: evaluated, checked, every problem with its place, in one report. */
import type { DeclaredFunction } from '../function/registration.ts';
import { misspeltRoots } from './cue/misspelt_roots.ts';
import type { Evaluator, Finding } from './evaluator.ts';
import { readFunctions } from './functions/read_functions.ts';
import { withoutInsertedValues } from './inserted_values.ts';
import { readService } from './service.ts';
import type { ServiceSettings } from './service_settings.ts';
import type { Evaluated, Evaluation, Problem, Source } from './source.ts';
import { pathText } from './value_path.ts';

export interface Documents {
  /** Names of what was read. */
  readonly sources: readonly string[];
  readonly functions: readonly DeclaredFunction[];
  /** Null when no document configures the server. */
  readonly service: ServiceSettings | null;
  /** What is accepted and has no effect, or not the one that its author may expect. */
  readonly warnings: readonly Problem[];
}

export type LoadedDocuments =
  | ({ readonly ok: true } & Documents)
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** What the report ends with: what could not be checked yet. */
      readonly notes?: readonly string[];
    };

/** Of documents, in one note. */
const namesMax = 5;

/** Nothing is evaluated when there are no sources. Rejects only when `signal` aborts. */
export async function loadDocuments(
  sources: readonly Source[],
  evaluator: Evaluator,
  signal?: AbortSignal,
): Promise<LoadedDocuments> {
  if (sources.length === 0)
    return { ok: true, sources: [], functions: [], service: null, warnings: [] };
  const evaluations = await evaluator.evaluate(sources, signal);
  const refused = evaluations.flatMap((one) => (one.ok ? [] : one.problems));
  const evaluated: Evaluated[] = evaluations.flatMap((one) => (one.ok ? [one] : []));
  const functions = readFunctions(evaluated);
  const service = readService(evaluated);
  const problems = [
    ...refused,
    ...(await placed([...functions.findings, ...service.findings], evaluator, signal)),
  ];
  if (problems.length > 0) {
    const told = withoutInsertedValues(inOrder(problems, sources), sources);
    return { ok: false, problems: told, notes: uncheckedNotes(evaluations) };
  }
  const warnings = [
    ...evaluated.flatMap(({ source }) => misspeltRoots(source)),
    ...(await placed([...functions.warnings, ...service.warnings], evaluator, signal)),
  ];
  return {
    ok: true,
    sources: sources.map(({ name }) => name),
    functions: functions.functions,
    service: service.service,
    warnings: withoutInsertedValues(inOrder(warnings, sources), sources),
  };
}

/** So that nobody takes the problems of a document that CUE refuses for all that it has. */
function uncheckedNotes(evaluations: readonly Evaluation[]): string[] {
  const refused = evaluations.flatMap((one) => (one.ok ? [] : [one.source.name]));
  if (refused.length === 0) return [];
  const more = refused.length - namesMax;
  const names = refused.slice(0, namesMax).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return [
    `ids, durations, expressions and the order of steps in ${names} are checked once these problems are solved`,
  ];
}

/** Looks up where the values stand. */
async function placed(
  findings: readonly Finding[],
  evaluator: Evaluator,
  signal: AbortSignal | undefined,
): Promise<Problem[]> {
  if (findings.length === 0) return [];
  const groups = [...Map.groupBy(findings, ({ source }) => source)];
  const requests = groups.map(([source, found]) => ({
    source,
    paths: found.map(({ path }) => path),
  }));
  const places = await evaluator.locate(requests, signal);
  return groups.flatMap(([source, found], group) =>
    found.map(({ path, message }, index) => {
      const position = places[group]?.[index] ?? null;
      return { source: source.name, path: pathText(path), position, message };
    }),
  );
}

/** By document as they were given, then by place; what has no place comes first. */
function inOrder(problems: readonly Problem[], sources: readonly Source[]): Problem[] {
  const rank = new Map(sources.map(({ name }, index) => [name, index]));
  const line = ({ position }: Problem): number => position?.line ?? 0;
  const column = ({ position }: Problem): number => position?.column ?? 0;
  return problems.toSorted(
    (a, b) =>
      (rank.get(a.source) ?? 0) - (rank.get(b.source) ?? 0) ||
      line(a) - line(b) ||
      column(a) - column(b),
  );
}
