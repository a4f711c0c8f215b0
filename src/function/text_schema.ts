/** Text members of a registration. */
import * as z from 'zod';

/** Text that may be absent; empty text is absent too, as Go SDKs send it for what is not set. */
export const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));
