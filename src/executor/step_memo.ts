/** Values under which the results of steps are stored and sent to SDKs (sdk-http-protocol.md §2.4). */

import type { StepFailure } from '../driver/step_failure.ts';
import { canonicalJson } from '../lib/canonical_json.ts';

/** `dataText` is canonical JSON. */
export function dataMemo(dataText: string): string {
  return `{"data":${dataText}}`;
}

export function errorMemo(error: StepFailure): string {
  return canonicalJson({ error });
}

export const nullMemo = 'null';

/** The exact error of an invoke whose time is over. */
export const invokeTimeoutMemo = canonicalJson({
  error: {
    error: 'InngestInvokeTimeoutError: Timed out waiting for invoked function to complete',
    name: 'InngestInvokeTimeoutError',
    message: 'Timed out waiting for invoked function to complete',
  },
});
