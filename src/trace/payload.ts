/** Stored results as people read them: unwrapped data, or an error with its parts (graphql.md §11). */
import type { SpanOutput } from './span.ts';

type Payload = Pick<SpanOutput, 'data' | 'error'>;
type SpanError = NonNullable<SpanOutput['error']>;

/** `memo` is what the SDK is given as a step's result: `{"data":…}`, `{"error":…}`, or the value itself. */
export function payloadOf(kind: string, memo: string): Payload {
  const value = parsedJson(memo);
  // An event is shown as it is, whatever members it has.
  if (kind === 'waitForEvent') return { data: memo, error: null };
  if (isOnly(value, 'error')) return { data: null, error: errorOf(value.error, memo) };
  if (isOnly(value, 'data')) return { data: JSON.stringify(value.data), error: null };
  return { data: memo, error: null };
}

/** The error of a run or a call: an object, wrapped or not. */
export function writtenError(text: string): SpanError {
  const value = parsedJson(text);
  const isWrapped = isOnly(value, 'error') && typeof value.error === 'object';
  return errorOf(isWrapped ? value.error : value, text);
}

/** Without a message, all that is there takes the place of the stack. */
function errorOf(value: unknown, text: string): SpanError {
  const error: Record<string, unknown> =
    typeof value === 'object' && value !== null ? { ...value } : { message: value };
  const message = textOf(error.message) ?? textOf(error.error);
  return {
    message: message ?? '',
    name: textOf(error.name),
    stack: textOf(error.stack) ?? (message === null ? text : null),
    cause: error.cause ?? null,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isOnly<Name extends string>(
  value: unknown,
  name: Name,
): value is Readonly<Record<Name, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === name;
}

/** Undefined when the text is no JSON: an older server cut it, or it never was. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
