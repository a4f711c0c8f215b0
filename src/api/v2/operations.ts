/** `GET /v2/operations`: what programs can do here, for command lines and agents (http-api.md §7.6). */
import { z } from 'zod';
import { json } from '../answer.ts';
import { templateOf } from '../openapi/document.ts';
import { type JsonSchema, SchemaBook } from '../openapi/json_schema.ts';
import type { RouteNote } from '../openapi/route_note.ts';
import { type V2Route, v2Route } from './route.ts';

/** Those that are listed, with what agents call them. */
const tools: Readonly<Record<string, string>> = {
  Health: 'health',
  GetFunctionRun: 'get_run',
  ListRuns: 'list_runs',
  ListFunctionRuns: 'list_function_runs',
  GetEventRuns: 'get_event_runs',
  Rerun: 'rerun',
  CancelRun: 'cancel_run',
  GetApp: 'get_app',
  GetApps: 'get_apps',
  GetFunctionTrace: 'get_run_trace',
  GetFunction: 'get_function',
  GetFunctions: 'list_functions',
  InvokeFunction: 'invoke_function',
};

const listSchema = z.object({
  data: z.object({
    operations: z.array(
      z.object({
        id: z.string(),
        summary: z.string(),
        description: z.string(),
        http: z.object({ method: z.string(), path: z.string() }),
        cli: z.object({ command: z.string() }),
        mcp: z.object({
          name: z.string(),
          title: z.string(),
          description: z.string(),
          inputSchema: z.record(z.string(), z.unknown()),
          annotations: z.record(z.string(), z.boolean()),
        }),
      }),
    ),
  }),
});

export function operationsRoute(routes: readonly RouteNote[]): V2Route {
  let operations: readonly unknown[] | null = null;
  const once = (): readonly unknown[] => {
    operations ??= routes.flatMap((note) => {
      const tool = tools[note.id];
      return tool === undefined ? [] : [operationOf(note, tool)];
    });
    return operations;
  };
  const headers = {
    'cache-control': 'public,max-age=300,stale-while-revalidate=3600',
    'access-control-allow-origin': '*',
  };
  return v2Route({
    id: 'ListOperations',
    method: 'GET',
    path: '/operations',
    tag: 'Documents',
    summary: 'List operations',
    description: 'The operations that command lines and agents can use.',
    answers: { 200: { description: 'All of them.', schema: listSchema } },
    isOpen: true,
    isAlways: true,
    handle: () => json({ data: { operations: once() } }, { headers }),
  });
}

function operationOf(note: RouteNote, tool: string) {
  const { id, method, summary, description } = note;
  return {
    id,
    summary,
    description,
    http: { method, path: `/api/v2${templateOf(note.path)}` },
    cli: { command: id.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase() },
    mcp: {
      name: tool,
      title: summary,
      description,
      inputSchema: inputSchemaOf(note),
      annotations: { readOnlyHint: method === 'GET', destructiveHint: id === 'CancelRun' },
    },
  };
}

/** Everything that goes into the request, in one object. */
function inputSchemaOf(note: RouteNote): JsonSchema {
  const book = new SchemaBook();
  const names = [...note.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const ofPath = names.map((name) => [name, { type: 'string', description: note.params?.[name] }]);
  const ofQuery = Object.entries(note.query?.shape ?? {}).map(([name, schema]) => [
    name,
    book.convert(schema),
  ]);
  const body = note.body === undefined ? {} : book.convert(note.body.schema);
  const { properties = {}, required = [] } = objectForm(body);
  return {
    type: 'object',
    properties: { ...Object.fromEntries([...ofPath, ...ofQuery]), ...properties },
    required: [...names, ...required],
  };
}

const formSchema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});

/** A body that may be left out is written as a choice between an object and nothing. */
function objectForm(body: JsonSchema): z.output<typeof formSchema> {
  const choices = z.object({ anyOf: z.array(z.unknown()) }).safeParse(body);
  return formSchema.parse(choices.success ? choices.data.anyOf[0] : body);
}
