/** The error object of a failed step or call, as SDKs send it and as memos hold it (reference/sdk-http-protocol.md §2.4, §4.2). */

import { z } from 'zod';

export interface StepFailure {
  /** Always there, with `message`: Python takes an error without both for a success (§2.4). */
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly data?: unknown;
  readonly cause?: unknown;
  readonly noRetry?: boolean;
}

export const stepFailureSchema = z.object({
  name: z.string().nullish(),
  message: z.string().nullish(),
  stack: z.string().nullish(),
  data: z.unknown().optional(),
  cause: z.unknown().optional(),
  noRetry: z.boolean().nullish(),
});

/** Fills in what is missing and leaves out what is null. */
export function toStepFailure(wire: Partial<z.infer<typeof stepFailureSchema>>): StepFailure {
  return {
    name: wire.name || 'Error',
    message: wire.message || 'Function execution error',
    ...(wire.stack && { stack: wire.stack }),
    ...(wire.data != null && { data: wire.data }),
    ...(wire.cause != null && { cause: wire.cause }),
    ...(wire.noRetry != null && { noRetry: wire.noRetry }),
  };
}
