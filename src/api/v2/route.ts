/** A route of /v2: its note for the document, and what it does with a request that fits. */
import type { z } from 'zod';
import { mebibyte, readText } from '../body.ts';
import type { RouteNote } from '../openapi/route_note.ts';
import { Problem } from '../problem.ts';
import { queryObject } from '../query.ts';
import { misfit } from './refusal.ts';

/** Bodies of /v2 other than events, which have their own bound. */
const bodyBytesMax = 4 * mebibyte;

export interface Call<Query, Body> {
  readonly request: Request;
  /** A parameter of the path; '' when the router could not decode it. */
  readonly param: (name: string) => string;
  readonly query: Query;
  readonly body: Body;
}

interface TypedRoute<Query extends z.ZodObject, Body extends z.ZodType> extends RouteNote {
  readonly query?: Query;
  readonly body?: {
    readonly schema: Body;
    readonly isOptional?: boolean;
    readonly contentType?: string;
  };
  readonly bodyBytesMax?: number;
  /** The answer tells how the server is, or of history alone: it waits for nothing. */
  readonly isAlways?: boolean;
  readonly handle: (call: Call<z.output<Query>, z.output<Body>>) => Response | Promise<Response>;
}

/** A route as the router needs it. */
export interface V2Route extends RouteNote {
  readonly isAlways?: boolean;
  readonly answer: (
    request: Request,
    params: Readonly<Record<string, string | null>>,
  ) => Promise<Response>;
}

export function v2Route<Query extends z.ZodObject, Body extends z.ZodType>(
  route: TypedRoute<Query, Body>,
): V2Route {
  const { handle, ...note } = route;
  return {
    ...note,
    answer: async (request, params) =>
      handle({
        request,
        param: (name) => params[name] ?? '',
        query: queryOf(request, route.query),
        body: await bodyOf(request, route),
      }),
  };
}

function queryOf<Query extends z.ZodObject>(
  request: Request,
  schema: Query | undefined,
): z.output<Query> {
  // A route without a schema has no use for a query: its type says that there is nothing in it.
  if (schema === undefined) return {} as z.output<Query>;
  return fitting(schema, queryObject(new URL(request.url).searchParams, schema));
}

async function bodyOf<Query extends z.ZodObject, Body extends z.ZodType>(
  request: Request,
  { body, bodyBytesMax: bytesMax = bodyBytesMax }: TypedRoute<Query, Body>,
): Promise<z.output<Body>> {
  // As for the query.
  if (body === undefined) return undefined as z.output<Body>;
  const text = await readText(request, bytesMax);
  return fitting(body.schema, text.trim() === '' ? emptyBody(body.isOptional) : parsed(text));
}

/** No body is an empty one: the first field that must be there is named. */
function emptyBody(isOptional: boolean | undefined): unknown {
  return isOptional === true ? undefined : {};
}

function fitting<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw misfit(result.error);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(400, reason, { code: 'api_error', cause });
  }
}
