/** Zod schemas as they stand in an OpenAPI 3.1 document: named ones once, under `components`. */
import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Collects the named schemas (`meta({ id })`) of all that is converted. */
export class SchemaBook {
  readonly components: Record<string, JsonSchema> = {};

  /** As senders write it: before defaults and transformations. */
  convert(schema: z.ZodType): JsonSchema {
    const {
      $schema: _,
      $defs,
      ...rest
    } = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
    });
    for (const [id, definition] of Object.entries($defs ?? {})) {
      this.components[id] ??= cleaned(definition);
    }
    return cleaned(rest);
  }
}

function cleaned(schema: object): JsonSchema {
  // It is an object, and stays one.
  return clean(schema) as JsonSchema;
}

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, member]) => !isNoise(key, member, value));
  return Object.fromEntries(
    entries.map(([key, member]) => [key, key === '$ref' ? componentRef(member) : clean(member)]),
  );
}

/** What says nothing to people: bounds of a double's integers, patterns of what has a format, names. */
function isNoise(key: string, member: unknown, owner: object): boolean {
  if (key === 'id') return typeof member === 'string' && 'type' in owner;
  if (key === 'pattern') return 'format' in owner;
  return (key === 'minimum' || key === 'maximum') && Math.abs(Number(member)) === 2 ** 53 - 1;
}

function componentRef(ref: unknown): string {
  return String(ref).replace('#/$defs/', '#/components/schemas/');
}
