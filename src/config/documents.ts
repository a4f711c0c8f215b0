/** Documents from their text to what the server runs: evaluated, checked, every problem with its place, in one report. */
import type { DeclaredFunction } from '../function/registration.ts';
import type { Evaluator, Finding } from './evaluator.ts';
import { readFunctions } from './functions/read_functions.ts';
import { withoutInsertedValues } from './inserted_values.ts';
import { readService } from './service.ts';
import type { ServiceSettings } from './service_settings.ts';
import type { Evaluated, Problem, Source } from './source.ts';
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
  | { readonly ok: false; readonly problems: readonly Problem[] };

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
    ...(await placed([...functions.findings, ...service.findings], evaluator)),
  ];
  if (problems.length > 0) {
    return { ok: false, problems: withoutInsertedValues(inOrder(problems, sources), sources) };
  }
  const warnings = await placed([...functions.warnings, ...service.warnings], evaluator);
  return {
    ok: true,
    sources: sources.map(({ name }) => name),
    functions: functions.functions,
    service: service.service,
    warnings: withoutInsertedValues(warnings, sources),
  };
}

/** Looks up where the values stand. */
async function placed(findings: readonly Finding[], evaluator: Evaluator): Promise<Problem[]> {
  const problems: Problem[] = [];
  const bySource = Map.groupBy(findings, ({ source }) => source);
  for (const [source, found] of bySource) {
    const positions = await evaluator.locate(
      source,
      found.map(({ path }) => path),
    );
    for (const [index, { path, message }] of found.entries()) {
      const position = positions[index] ?? null;
      problems.push({ source: source.name, path: pathText(path), position, message });
    }
  }
  return problems;
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
