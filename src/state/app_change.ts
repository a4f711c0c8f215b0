/** What a registration changes: a pure decision, which the registry then stores (sdk-http-protocol.md §1.6.3). */
import type { AppDefinition, AppId, FunctionDefinition } from '../function/definition.ts';
import { appIdOf, distinctFunctionIdOf, functionIdOf } from '../function/identity.ts';
import type { DeclaredFunction, Registration } from '../function/registration.ts';

/** What the registry knows. */
export interface KnownFunctions {
  /** A function by its id, whether it is live or has left its app. */
  functionOfAnyKind(id: string): FunctionDefinition | null;
  /** The functions that have left the app, by slug. */
  archivedOf(appId: AppId): ReadonlyMap<string, FunctionDefinition>;
}

export interface AppChange {
  readonly app: AppDefinition;
  /** Functions that are not part of the app any more. */
  readonly left: readonly FunctionDefinition[];
  /** Ids of functions that had left and are back. */
  readonly returned: readonly string[];
}

/** The change that makes the app what the registration says; null when it is that already. */
export function appChange(
  registration: Registration,
  current: AppDefinition | null,
  known: KnownFunctions,
  nowMs: number,
): AppChange | null {
  const isSame = current?.checksum === registration.checksum;
  if (current !== null && isSame) {
    if (current.error === '') return null;
    return { app: { ...current, error: '', syncedAtMs: nowMs }, left: [], returned: [] };
  }
  const id = current?.id ?? appIdOf(registration.name);
  const { functions: declared, warnings: _, ...facts } = registration;
  const live = new Map(current?.functions.map((fn) => [fn.slug, fn]));
  const gone = known.archivedOf(id);
  const returned: string[] = [];
  const taken = new Set<string>();
  const functions = declared.map((fn): FunctionDefinition => {
    const archived = live.has(fn.slug) ? undefined : gone.get(fn.slug);
    const earlier = live.get(fn.slug) ?? archived;
    live.delete(fn.slug);
    if (archived !== undefined) returned.push(archived.id);
    const functionId = earlier?.id ?? newFunctionId(fn, id, known, taken);
    taken.add(functionId);
    const version = (earlier?.version ?? 0) + 1;
    return { ...fn, id: functionId, appId: id, appName: facts.name, version };
  });
  const app: AppDefinition = { ...facts, id, error: '', syncedAtMs: nowMs, functions };
  return { app, left: [...live.values()], returned };
}

function newFunctionId(
  fn: DeclaredFunction,
  appId: AppId,
  known: KnownFunctions,
  taken: ReadonlySet<string>,
): FunctionDefinition['id'] {
  const id = functionIdOf(fn.name, fn.url);
  const isFree = !taken.has(id) && known.functionOfAnyKind(id) === null;
  return isFree ? id : distinctFunctionIdOf(appId, fn.slug);
}
