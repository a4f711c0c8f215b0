/** What a GraphQL client is told, and with which status (reference/graphql.md §1). */
import { type ExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { BulkRequestError, TooManyBulkOperationsError } from '../../executor/bulk_operations.ts';
import { QueryError } from '../../history/history_error.ts';
import { SpanOutputError } from '../../trace/output.ts';
import { json } from '../answer.ts';
import { type ErrorLog, type Problem, problemOf } from '../problem.ts';
import { FieldError } from './field_error.ts';

const noData = { data: null } as const;

/** Failures whose message is for the client. */
const meant = [
  FieldError,
  GraphQLError,
  QueryError,
  SpanOutputError,
  BulkRequestError,
  TooManyBulkOperationsError,
];

/** A request that came to no execution. */
export function refusal(status: number, errors: readonly GraphQLError[]): Response {
  return json({ errors, ...noData }, { status });
}

/** A failure of the request itself, in a form that GraphQL clients can read. */
export function problemAnswer(problem: Problem): Response {
  const { code, retryAfterSeconds } = problem.details;
  const error = {
    message: problem.message,
    ...(code === undefined ? {} : { extensions: { code } }),
  };
  return json(
    { errors: [error], ...noData },
    {
      status: problem.status,
      headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    },
  );
}

/**
 * The result of an execution: 200, also with errors of fields, which clients rely on. What makes the server itself
 * unable to answer keeps its own status, so that proxies and retries see it.
 */
export function resultAnswer(result: ExecutionResult, request: Request, log: ErrorLog): Response {
  const shown: GraphQLFormattedError[] = [];
  for (const error of result.errors ?? []) {
    // A search that its client gave up is no failure.
    const problem = request.signal.aborted ? null : problemBehind(error, log);
    if (problem?.status === 503) return problemAnswer(problem);
    shown.push(formatted(error, problem));
  }
  if (result.data === undefined) return refusal(422, (result.errors ?? []).map(invalidInput));
  return json(shown.length === 0 ? { data: result.data } : { errors: shown, data: result.data });
}

/** Values of variables that do not fit: as wrong as a document that does not. */
function invalidInput({ message, nodes }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
}

/** Null for what a field has to say itself. */
function problemBehind({ originalError }: GraphQLError, log: ErrorLog): Problem | null {
  if (originalError === undefined || originalError === null) return null;
  const isMeant = meant.some((kind) => originalError instanceof kind);
  return isMeant ? null : problemOf(originalError, '/v0/gql', log);
}

function formatted(error: GraphQLError, problem: Problem | null): GraphQLFormattedError {
  const { message, path, locations, extensions } = error.toJSON();
  const code = problem?.details.code;
  const told = code === undefined ? extensions : { ...extensions, code };
  return {
    message: problem?.message ?? message,
    ...(path === undefined ? {} : { path }),
    ...(locations === undefined ? {} : { locations }),
    ...(told === undefined ? {} : { extensions: told }),
  };
}
