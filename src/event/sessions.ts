/**
 * Sessions of an event: what the sender named, then what it inherited from the run that sent it
 * (http-api.md §1.5).
 */
import { isJsonObject, type JsonObject, memberOf } from './member.ts';

export const sessionsMax = 5;
export const sessionKeyBytesMax = 128;
export const sessionIdBytesMax = 512;

export type ParsedSessions =
  | { readonly ok: true; readonly sessions: Readonly<Record<string, string>> | null }
  | { readonly ok: false; readonly message: string };

type Layer =
  | { readonly ok: true; readonly entries: readonly (readonly [key: string, id: string | null])[] }
  | { readonly ok: false; readonly message: string };

/** Resolves both layers of `meta`; `sessions` is null when none remains. Messages name the field. */
export function parseSessions(meta: unknown): ParsedSessions {
  if (meta === undefined || meta === null) return { ok: true, sessions: null };
  if (!isJsonObject(meta)) return { ok: false, message: 'meta must be an object' };
  const own = parseLayer(meta, 'sessions');
  if (!own.ok) return own;
  const inherited = parseLayer(meta, 'propagated_sessions');
  if (!inherited.ok) return inherited;

  const sessions = new Map<string, string>();
  const removed = new Set<string>();
  for (const [key, id] of own.entries) {
    if (id === null) removed.add(key);
    else sessions.set(key, id);
  }
  if (sessions.size > sessionsMax) {
    return {
      ok: false,
      message: `meta.sessions has ${sessions.size} sessions; at most ${sessionsMax} are allowed`,
    };
  }
  // A null in place of the whole map clears what was inherited.
  if (memberOf(meta, 'sessions') !== null) inherit(sessions, inherited.entries, removed);
  return { ok: true, sessions: sessions.size === 0 ? null : Object.fromEntries(sessions) };
}

function inherit(
  sessions: Map<string, string>,
  entries: readonly (readonly [string, string | null])[],
  removed: ReadonlySet<string>,
): void {
  const ordered = [...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const [key, id] of ordered) {
    if (sessions.size >= sessionsMax) return;
    if (id !== null && !removed.has(key) && !sessions.has(key)) sessions.set(key, id);
  }
}

function parseLayer(meta: JsonObject, name: string): Layer {
  const layer = memberOf(meta, name);
  if (layer === undefined || layer === null) return { ok: true, entries: [] };
  if (!isJsonObject(layer)) return { ok: false, message: `meta.${name} must be an object` };
  const entries: (readonly [string, string | null])[] = [];
  for (const [key, value] of Object.entries(layer)) {
    const path = `meta.${name}[${JSON.stringify(key.slice(0, sessionKeyBytesMax))}]`;
    if (key === '') return { ok: false, message: `${path}: a session key must not be empty` };
    if (Buffer.byteLength(key) > sessionKeyBytesMax) {
      return {
        ok: false,
        message: `${path}: a session key has at most ${sessionKeyBytesMax} bytes`,
      };
    }
    const id = sessionIdOf(value);
    if (id === undefined) return { ok: false, message: `${path} must be a string or a number` };
    if (id === '') return { ok: false, message: `${path}: a session id must not be empty` };
    if (id !== null && Buffer.byteLength(id) > sessionIdBytesMax) {
      return { ok: false, message: `${path}: a session id has at most ${sessionIdBytesMax} bytes` };
    }
    entries.push([key, id]);
  }
  return { ok: true, entries };
}

/** Null removes an inherited session; undefined is no id at all. */
function sessionIdOf(value: unknown): string | null | undefined {
  if (value === null || typeof value === 'string') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}
