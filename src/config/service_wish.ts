/**
 * What somebody wants of a `config` document: the schema fills in the rest, and the server has defaults of its own for
 * that (cue-config.md §2).
 */
import type { ValuePath } from './evaluator.ts';
import type { Evaluated } from './source.ts';
import { WrittenFields } from './written_field.ts';

export const configField = 'config';

/** Of cue/defs/config. A `host` is filled in only when somebody describes the Redis, so it is always a wish. */
const filledIn = {
  log: { level: 'info', format: 'json' },
  eventAPI: { addr: '0.0.0.0', port: 8_288, maxSize: 524_288 },
  coreAPI: { addr: '0.0.0.0', port: 8_300 },
  execution: {
    drivers: { http: { name: 'http', timeout: 7_200 }, connect: { name: 'connect' } },
    logOutput: false,
  },
  eventstream: { service: { backend: 'inmemory', topic: 'events' } },
  queue: { service: { backend: 'redis', port: 6_379, db: 0, maxRetries: 3, keyPrefix: '' } },
  state: {
    service: { backend: 'redis', port: 6_379, db: 0, maxRetries: 3, keyPrefix: 'inngest:state' },
  },
  datastore: { service: { backend: 'inmemory' } },
};

/** They say which of several shapes an object has: what stands beside them needs them. */
const shapeFields = ['backend', 'name'] as const;

type Fields = Readonly<Record<string, unknown>>;

export class ServiceWishes {
  readonly #written: WrittenFields;
  /** A document may also be the bare object. */
  readonly #root: readonly string[];

  constructor(text: string) {
    this.#written = new WrittenFields(text);
    this.#root = this.#written.has([configField]) ? [configField] : [];
  }

  /** Paths begin below `config`. */
  isWish(path: readonly string[], value: unknown): boolean {
    if (value === undefined) return false;
    return value !== defaultAt(path) || this.#written.has([...this.#root, ...path]);
  }
}

/** The `config` of a document without what the schema has filled in: read again, it comes to the same settings. */
export function wishedConfig({ source, value }: Evaluated): Fields | null {
  const config = value[configField];
  if (!isFields(config)) return null;
  return wishedFields(config, [], new ServiceWishes(source.text)) ?? {};
}

/** Null when nobody wants anything of it. */
function wishedFields(
  fields: Fields,
  path: readonly string[],
  wishes: ServiceWishes,
): Fields | null {
  const wished: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const at = [...path, name];
    if (isFields(value)) {
      const inner = wishedFields(value, at, wishes);
      if (inner !== null) wished[name] = inner;
    } else if (wishes.isWish(at, value)) wished[name] = value;
  }
  if (Object.keys(wished).length === 0) return null;
  const shape = shapeFields.flatMap((name) => (name in fields ? [[name, fields[name]]] : []));
  return { ...Object.fromEntries(shape), ...wished };
}

function defaultAt(path: ValuePath): unknown {
  let value: unknown = filledIn;
  for (const name of path) {
    if (!isFields(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
