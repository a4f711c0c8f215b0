/** A door whose answers below /v1 and /v2 are held against the documents that the door itself serves. */
import { expect } from 'bun:test';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import type { Answer, Door } from '../door.ts';

/** A door, or a server with one. */
export type Knocker = Pick<Door, 'knock'>;

const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        summary: z.string(),
        description: z.string(),
        responses: z.record(
          z.string(),
          z.object({
            description: z.string(),
            content: z.record(z.string(), z.object({ schema: z.unknown() })).optional(),
          }),
        ),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

export type ServedDocument = z.output<typeof documentSchema>;

const versions = ['/v1', '/api/v2', '/v2'] as const;

/** Documents do not change while a door is open, and reading one takes time. */
const documentsOf = new WeakMap<Knocker, Map<string, Promise<ServedDocument>>>();

export function servedDocument(door: Knocker, prefix: string): Promise<ServedDocument> {
  const known = documentsOf.get(door) ?? new Map<string, Promise<ServedDocument>>();
  documentsOf.set(door, known);
  const read = known.get(prefix) ?? readDocument(door, prefix);
  known.set(prefix, read);
  return read;
}

async function readDocument(door: Knocker, prefix: string): Promise<ServedDocument> {
  const answer = await door.knock('GET', `${prefix}/openapi.json`);
  expect(answer.status).toBe(200);
  return documentSchema.parse(answer.json());
}

/** Knocks and checks: the operation, the status and the shape of the answer are all documented. */
export async function knockValidated(
  door: Knocker,
  ...[method, path, body, headers]: Parameters<Door['knock']>
): Promise<Answer> {
  const answer = await door.knock(method, path, body, headers);
  await expectDocumented(door, method, path, answer);
  return answer;
}

export async function expectDocumented(
  door: Knocker,
  method: string,
  path: string,
  answer: Answer,
): Promise<void> {
  const prefix = versions.find((version) => path.startsWith(`${version}/`));
  if (prefix === undefined) throw new Error(`${path} has no document`);
  const document = await servedDocument(door, prefix);
  const operation = operationOf(document, method, pathOf(path).slice(prefix.length));
  const response = operation.responses[answer.status];
  if (response === undefined) {
    throw new Error(`${operation.operationId} does not document ${answer.status}: ${answer.text}`);
  }
  const [[type, content] = []] = Object.entries(response.content ?? {});
  if (content === undefined) {
    expect(answer.text).toBe('');
    return;
  }
  expect(mediaTypeOf(answer.headers.get('content-type'))).toBe(mediaTypeOf(type ?? ''));
  const value = type?.includes('json') === true ? answer.json() : answer.text;
  const validate = validatorOf(document, content.schema);
  if (!validate(value)) {
    const faults = JSON.stringify(validate.errors, null, 1);
    throw new Error(`${operation.operationId} ${answer.status}: ${faults}\n${answer.text}`);
  }
}

function mediaTypeOf(type: string | null): string {
  return (type ?? '').split(';')[0] ?? '';
}

function pathOf(path: string): string {
  return new URL(path, 'http://localhost').pathname;
}

export function operationOf(document: ServedDocument, method: string, path: string) {
  // What is written out comes before what has parameters.
  const templates = Object.keys(document.paths).sort(
    (a, b) => a.split('{').length - b.split('{').length,
  );
  for (const template of templates) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    const operation = pattern.test(path)
      ? document.paths[template]?.[method.toLowerCase()]
      : undefined;
    if (operation !== undefined) return operation;
  }
  throw new Error(`${method} ${path} is not documented`);
}

const validators = new WeakMap<object, ValidateFunction>();

function validatorOf(document: ServedDocument, schema: unknown): ValidateFunction {
  const key = Object(schema);
  const known = validators.get(key);
  if (known !== undefined) return known;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile({
    ...closed(schema),
    components: closed(document.components),
  });
  validators.set(key, validate);
  return validate;
}

/** Objects hold what is documented and nothing else, so that no member goes undocumented. */
function closed(schema: unknown): Record<string, unknown> {
  // Documents are objects at their roots.
  return close(schema) as Record<string, unknown>;
}

function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.fromEntries(
    Object.entries(schema).map(([key, member]) => [key, close(member)]),
  );
  const isObject = 'properties' in schema && Reflect.get(schema, 'type') === 'object';
  return isObject ? { additionalProperties: false, ...members } : members;
}
