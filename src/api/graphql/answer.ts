/** What a GraphQL client is told, and with which status (reference/graphql.md §1). */
import { type ExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { BulkRequestError, TooManyBulkOperationsError } from '../../executor/bulk_operations.ts';
import { QueryError } from '../../history/history_error.ts';
import { SpanOutputError } from '../../trace/output.ts';
import { json } from '../answer.ts';
import { type ErrorLog, type Problem, problemOf, told } from '../problem.ts';
import { FieldError } from './field_error.ts';

const noData = { data: null } as const;
/** One field of a long list may fail as often as the list is long. */
const errorsMax = 100;

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
  return json({ errors: errors.slice(0, errorsMax).map(shortened), ...noData }, { status });
}

/** A failure of the request itself, in a form that GraphQL clients can read. */
export function problemAnswer(problem: Problem): Response {
  const { code, retryAfterSeconds } = problem.details;
  const error = {
    message: told(problem.message),
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

export interface Execution {
  readonly request: Request;
  readonly log: ErrorLog;
  /** What all fields got after too much was asked for. */
  readonly exceeded: GraphQLError | null;
  /** A field of a mutation did what it should. */
  readonly hasChanged: boolean;
}

/**
 * The result of an execution: 200, also with errors of fields, which clients rely on. What makes the server itself
 * unable to answer keeps its own status, so that proxies and retries see it; but not when something was done, which a
 * retry would do again.
 */
export function resultAnswer(result: ExecutionResult, execution: Execution): Response {
  const { exceeded, hasChanged } = execution;
  const errors = result.errors ?? [];
  if (result.data === undefined) return refusal(422, errors.map(invalidInput));
  if (exceeded !== null && !hasChanged) return refusal(422, [exceeded]);
  const shown: GraphQLFormattedError[] = exceeded === null ? [] : [shortened(exceeded)];
  for (const error of errors.filter((each) => each !== exceeded).slice(0, errorsMax)) {
    const problem = problemBehind(error, execution);
    if (problem?.status === 503 && !hasChanged) return problemAnswer(problem);
    shown.push(formatted(error, problem));
  }
  return json(shown.length === 0 ? { data: result.data } : { errors: shown, data: result.data });
}

/** Values of variables that do not fit: as wrong as a document that does not. */
function invalidInput({ message, nodes }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
}

/** Null for what a field has to say itself. */
function problemBehind(
  { originalError }: GraphQLError,
  { request, log }: Execution,
): Problem | null {
  // A search that its client gave up is no failure.
  if (request.signal.aborted) return null;
  if (originalError === undefined || originalError === null) return null;
  const isMeant = meant.some((kind) => originalError instanceof kind);
  return isMeant ? null : problemOf(originalError, '/v0/gql', log);
}

function formatted(error: GraphQLError, problem: Problem | null): GraphQLFormattedError {
  const plain = shortened(error);
  if (problem === null) return plain;
  const { code } = problem.details;
  return {
    ...plain,
    message: told(problem.status === 503 ? `${problem.message} ${partly}` : problem.message),
    ...(code === undefined ? {} : { extensions: { ...plain.extensions, code } }),
  };
}

/** What a field hears that failed beside others. */
const partly = 'It is only this field that failed: do not repeat those that did not.';

function shortened(error: GraphQLError): GraphQLFormattedError {
  const { message, path, ...rest } = error.toJSON();
  const isPlaced = path !== undefined && path.length > 0;
  return { message: told(message), ...(isPlaced ? { path } : {}), ...rest };
}
