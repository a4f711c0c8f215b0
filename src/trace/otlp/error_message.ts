/** The one line of an error that a span's status shows. */
import { z } from 'zod';

const error = z.object({ name: z.string().optional(), message: z.string().optional() });
/** Memos hold the error inside. */
const memo = z.object({ error });

const charsMax = 256;

/** `output` is JSON text: an error, or a memo with one. Never more of it than name and message. */
export function errorMessage(output: string | undefined): string {
  const value = parsed(output);
  const inner = memo.safeParse(value);
  const outer = error.safeParse(value);
  const found = inner.success ? inner.data.error : outer.success ? outer.data : {};
  const { name = 'Error', message = '' } = found;
  return (message === '' ? name : `${name}: ${message}`).slice(0, charsMax).toWellFormed();
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text);
  } catch {
    // Not JSON: nothing in it is known to be a message.
    return null;
  }
}
