/** The OpenAPI 3.1 document of one version of the API, from the notes of its routes. */
import type { z } from 'zod';
import { type JsonSchema, SchemaBook } from './json_schema.ts';
import type { AnswerNote, RouteNote } from './route_note.ts';

export interface DocumentInfo {
  readonly title: string;
  readonly description: string;
  /** Of the server. */
  readonly version: string;
  /** Prefixes under which the routes stand. */
  readonly prefixes: readonly string[];
  /** What every refusal looks like. */
  readonly error: z.ZodType;
  /** Whether those who lack the key are told in plain text. */
  readonly isKeyRefusedInText?: boolean;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseNote>>;
  readonly security?: readonly [];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

export interface ResponseNote {
  readonly description: string;
  readonly content?: Content;
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}

const jsonType = 'application/json';

export function openApiDocument(info: DocumentInfo, notes: readonly RouteNote[]): OpenApiDocument {
  const book = new SchemaBook();
  const error: Content = { [jsonType]: { schema: book.convert(info.error) } };
  const keyRefusal: Content = info.isKeyRefusedInText === true ? textContent : error;
  const paths: Record<string, Record<string, Operation>> = {};
  for (const note of notes) {
    const path = templateOf(note.path);
    paths[path] = {
      ...paths[path],
      [note.method.toLowerCase()]: operationOf(note, book, { error, keyRefusal }),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: info.title, version: info.version, description: info.description },
    servers: info.prefixes.map((url) => ({ url })),
    security: [{ signingKey: [] }],
    paths,
    components: { schemas: book.components, securitySchemes: { signingKey } },
  };
}

const signingKey: JsonSchema = {
  type: 'http',
  scheme: 'bearer',
  description:
    'The signing key, or its SHA-256 as SDKs send it. A dev server without a key asks for none.',
};

/** `/runs/:runId` as OpenAPI writes it: `/runs/{runId}`. */
export function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

interface Refusals {
  readonly error: Content;
  readonly keyRefusal: Content;
}

const textContent: Content = { 'text/plain; charset=utf-8': { schema: { type: 'string' } } };

function operationOf(note: RouteNote, book: SchemaBook, refusals: Refusals): Operation {
  const parameters = parametersOf(note, book);
  const { body } = note;
  return {
    operationId: note.id,
    tags: [note.tag],
    summary: note.summary,
    description: note.description,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.isOptional !== true,
            content: { [body.contentType ?? jsonType]: { schema: book.convert(body.schema) } },
          },
        }),
    responses: responsesOf(note, book, refusals),
    ...(note.isOpen === true ? { security: [] as const } : {}),
  };
}

function parametersOf(note: RouteNote, book: SchemaBook): readonly Parameter[] {
  const names = [...note.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const ofPath = names.map((name): Parameter => {
    const description = note.params?.[name];
    return {
      name,
      in: 'path',
      required: true,
      ...(description === undefined ? {} : { description }),
      schema: { type: 'string' },
    };
  });
  const ofHeaders = Object.entries(note.headers ?? {}).map(
    ([name, description]): Parameter => ({
      name,
      in: 'header',
      required: false,
      description,
      schema: { type: 'string' },
    }),
  );
  const ofQuery = Object.entries(note.query?.shape ?? {}).map(([name, schema]) =>
    queryParameter(name, book.convert(schema)),
  );
  return [...ofPath, ...ofQuery, ...ofHeaders];
}

function queryParameter(name: string, schema: JsonSchema): Parameter {
  const { description, ...rest } = schema;
  return {
    name,
    in: 'query',
    required: false,
    ...(typeof description === 'string' ? { description } : {}),
    schema: rest,
  };
}

function responsesOf(
  note: RouteNote,
  book: SchemaBook,
  { error, keyRefusal }: Refusals,
): Operation['responses'] {
  const responses: Record<string, ResponseNote> = {};
  for (const [status, description] of Object.entries(note.refusals ?? {})) {
    responses[status] = { description, content: error };
  }
  if (note.isOpen !== true) {
    responses[401] ??= {
      description: 'The signing key is missing or wrong.',
      content: keyRefusal,
    };
  }
  responses[503] ??= {
    description: 'The store or history is away for the moment; send the request again.',
    content: error,
  };
  // Success last: a status may mean both (a repeated invocation).
  for (const [status, answer] of Object.entries(note.answers)) {
    responses[status] = successOf(answer, book);
  }
  return responses;
}

function successOf(
  { description, schema, contentType }: AnswerNote,
  book: SchemaBook,
): ResponseNote {
  if (schema === null) return { description };
  return { description, content: { [contentType ?? jsonType]: { schema: book.convert(schema) } } };
}
