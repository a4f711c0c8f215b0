/** What is different between two sets of documents, for people. */
import type { DeclaredFunction } from '../function/registration.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { Documents } from './documents.ts';
import type { ServiceSettings } from './service_settings.ts';

export interface DocumentChanges {
  /** Slugs of functions. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export function documentChanges(before: Documents, after: Documents): DocumentChanges {
  const [old, now] = [textsOf(before.functions), textsOf(after.functions)];
  const slugs = [...now.keys()];
  return {
    added: slugs.filter((slug) => !old.has(slug)),
    changed: slugs.filter((slug) => old.has(slug) && old.get(slug) !== now.get(slug)),
    removed: [...old.keys()].filter((slug) => !now.has(slug)),
  };
}

function textsOf(functions: readonly DeclaredFunction[]): Map<string, string> {
  return new Map(functions.map((declared) => [declared.slug, canonicalJson(declared)]));
}

/** Names only: the values may be secret. */
export function changedSettings(
  before: ServiceSettings | null,
  after: ServiceSettings | null,
): string[] {
  const old = new Map(Object.entries(before ?? {}));
  const now = new Map(Object.entries(after ?? {}));
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => old.get(name) !== now.get(name));
}
