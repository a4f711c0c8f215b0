/** The seam between the executor and user code, wherever that runs. */

import type { CallRequest } from './request.ts';
import type { CallOutcome } from './response.ts';

export interface Driver {
  /**
   * Calls user code once and says what came of it. Never rejects: whatever goes wrong is a failed outcome.
   * `signal` gives the call up (shutdown); the outcome is then failed with code `call_aborted`.
   */
  call(request: CallRequest, signal?: AbortSignal): Promise<CallOutcome>;
}
