/** A GraphQL client over a door: what it sends is what any client would send. */
import { expect } from 'bun:test';
import type { Door } from '../door.ts';

export interface GraphqlAnswer {
  readonly status: number;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: { readonly code?: string };
  }[];
  /** What `data` holds at a path; undefined when there is nothing. */
  at(...path: readonly (string | number)[]): unknown;
}

export type Variables = Readonly<Record<string, unknown>>;

/** Sends a document as JSON. */
export async function send(
  door: Door,
  query: string,
  variables: Variables = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<GraphqlAnswer> {
  const body = JSON.stringify({ query, variables });
  const type = { 'content-type': 'application/json' };
  const answer = await door.knock('POST', '/v0/gql', body, { ...type, ...headers });
  const json = answer.json();
  const errors: GraphqlAnswer['errors'] = Reflect.get(Object(json), 'errors') ?? [];
  const at = (...path: readonly (string | number)[]): unknown =>
    path.reduce((value: unknown, key) => Reflect.get(Object(value), key), answer.at('data'));
  return { status: answer.status, errors, at };
}

/** Sends a document that must succeed. */
export async function ask(
  door: Door,
  query: string,
  variables: Variables = {},
): Promise<GraphqlAnswer> {
  const answer = await send(door, query, variables);
  expect(answer.errors).toEqual([]);
  expect(answer.status).toBe(200);
  return answer;
}

/** The message of the only error of a document that must fail with HTTP 200. */
export async function refused(
  door: Door,
  query: string,
  variables: Variables = {},
): Promise<string> {
  const answer = await send(door, query, variables);
  expect(answer.status).toBe(200);
  expect(answer.errors).toHaveLength(1);
  return answer.errors[0]?.message ?? '';
}
