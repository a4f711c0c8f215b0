/** Apps in the store: the TypeScript twins of `apps_load`, `app_put` and `app_remove`. */
import type { AppDefinition, FunctionDefinition } from '../function/definition.ts';
import type { Reply, Store } from '../store/store.ts';
import type { AppChange } from './app_change.ts';

export interface StoredApp {
  readonly app: AppDefinition;
  /** The number of changes of any app, at the last change of this one. */
  readonly revision: number;
}

export interface LoadedApps {
  /** Number of changes that led to this picture. */
  readonly changes: number;
  readonly apps: readonly StoredApp[];
  readonly archived: readonly FunctionDefinition[];
}

export interface Written {
  /** False when another process was faster; nothing was written then. */
  readonly isStored: boolean;
  /** The app's revision now. */
  readonly revision: number;
}

/** Functions that left are kept for runs under way; a fleet that renames that many has none left of the oldest. */
export const archivedFunctionsMax = 10_000;

/** Everything, or null when nothing has changed since `changesSeen` (-1: nothing seen). */
export async function loadApps(store: Store, changesSeen: number): Promise<LoadedApps | null> {
  const [changes, apps, archived] = listOf(await store.run('apps_load', [changesSeen]));
  if (apps === undefined) return null;
  const flat = listOf(apps);
  const stored: StoredApp[] = [];
  for (let at = 0; at < flat.length; at += 3) {
    // Written by `putApp` only.
    const app = documentOf(flat[at + 2], `app ${flat[at]}`) as AppDefinition;
    stored.push({ app, revision: Number(flat[at + 1]) });
  }
  const functions = listOf(archived ?? null).map(
    // Written by `putApp` and `removeApp` only.
    (text) => documentOf(text, 'an archived function') as FunctionDefinition,
  );
  return { changes: Number(changes), apps: stored, archived: functions };
}

/** Stores a change, when the app's revision is still `revision` (0: not stored yet). */
export async function putApp(
  store: Store,
  change: AppChange,
  revision: number,
  placeholderIds: readonly string[],
  nowMs: number,
): Promise<Written> {
  const { app, left, returned } = change;
  const args = [
    ...[app.id, revision, JSON.stringify(app), nowMs, archivedFunctionsMax],
    ...functionArgs(left),
    ...[returned.length, ...returned],
    ...[placeholderIds.length, ...placeholderIds],
  ];
  return writtenOf(await store.run('app_put', args));
}

/** Removes an app whose revision is still `revision`. */
export async function removeApp(
  store: Store,
  { app, revision }: StoredApp,
  nowMs: number,
): Promise<Written> {
  const args = [app.id, revision, nowMs, archivedFunctionsMax, ...functionArgs(app.functions)];
  return writtenOf(await store.run('app_remove', args));
}

function functionArgs(functions: readonly FunctionDefinition[]): (string | number)[] {
  return [functions.length, ...functions.flatMap((fn) => [fn.id, JSON.stringify(fn)])];
}

function writtenOf(reply: Reply): Written {
  const [stored, revision] = listOf(reply);
  return { isStored: stored === 1, revision: Number(revision) };
}

function listOf(reply: Reply): readonly Reply[] {
  if (typeof reply === 'object' && reply !== null) return reply;
  throw new TypeError(`an app script answered ${JSON.stringify(reply)} instead of a list`);
}

function documentOf(text: Reply | undefined, what: string): unknown {
  if (typeof text !== 'string') throw new TypeError(`${what} is not stored as text`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${what} is stored as damaged JSON; remove it and sync the app again`, {
      cause,
    });
  }
}
