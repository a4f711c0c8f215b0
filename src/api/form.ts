/** Fields of requests that Go tests send as a form or as a query. */
import { readText } from './body.ts';

const formBytesMax = 16 * 1024;

/** Query and form fields together; a form field wins. Throws `Problem` 413 past 16 KiB. */
export async function readFields(request: Request): Promise<URLSearchParams> {
  const fields = new URL(request.url).searchParams;
  const form = new URLSearchParams(await readText(request, formBytesMax));
  for (const [name, value] of form) fields.set(name, value);
  return fields;
}
