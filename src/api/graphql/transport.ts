/** Requests of the GraphQL door, from HTTP to an operation (reference/graphql.md §1). */
import * as z from 'zod';
import { readText } from '../body.ts';
import { Problem } from '../problem.ts';

/** A query, its variables and at most one invocation's data. */
export const requestBytesMax = 4 * 1024 * 1024;

const requestSchema = z.object({
  query: z.string().nullish(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z
    .object({
      persistedQuery: z
        .object({ version: z.literal(1), sha256Hash: z.string().regex(/^[0-9a-f]{64}$/i) })
        .nullish(),
    })
    .nullish(),
});

export type GraphqlRequest = z.infer<typeof requestSchema>;

/** Throws `Problem` 400, 413 or 415. */
export async function readPost(request: Request): Promise<GraphqlRequest> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  // Anything else a page of another site could send without being asked about it first.
  if (type !== 'application/json') throw new Problem(415, 'transport not supported');
  return checked(decoded(await readText(request, requestBytesMax), 'the request body'));
}

/** Throws `Problem` 400. */
export function readGet(request: Request): GraphqlRequest {
  const { searchParams } = new URL(request.url);
  const json = (name: string): unknown => {
    const text = searchParams.get(name);
    return text === null || text === '' ? undefined : decoded(text, `\`${name}\``);
  };
  return checked({
    query: searchParams.get('query'),
    operationName: searchParams.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  });
}

function decoded(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(400, `${what} could not be decoded as JSON: ${reason}`, { cause });
  }
}

function checked(value: unknown): GraphqlRequest {
  const result = requestSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? 'request' : issue.path.join('.');
  throw new Problem(400, `${place}: ${issue?.message ?? 'not understood'}`);
}
