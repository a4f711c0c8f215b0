/** Failures that end a run at once, in the words SDKs and users know (execution.md §21). */

export interface RunFailure {
  readonly error: string;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

export function stepOverflow(stepsMax: number): RunFailure {
  return {
    error: 'function has too many steps',
    name: 'InngestErrFunctionOverflowed',
    message: `The function run exceeded the step limit of ${stepsMax} steps.`,
  };
}

export function stateOverflow(bytesMax: number): RunFailure {
  const message = `The function run exceeded the state size limit of ${bytesMax} bytes.`;
  return {
    error: `InngestErrStateOverflowed: ${message}`,
    name: 'InngestErrStateOverflowed',
    message,
  };
}

export function sleepTooLong(text: string): RunFailure {
  return timeoutTooLong(
    `The sleep "${text}" ends more than one year in the future; sleeps may last at most one year.`,
  );
}

export function waitTooLong(text: string): RunFailure {
  return timeoutTooLong(
    `The wait-for-event timeout "${text}" expires more than one year in the future; timeouts may last at most one year.`,
  );
}

function timeoutTooLong(message: string): RunFailure {
  const name = 'InngestErrTimeoutTooLong';
  return { error: `${name}: ${message}`, name, message };
}

export function signalConflict(): RunFailure {
  const message = 'Signal conflict; signal wait already exists for another run';
  return { error: message, name: 'Error', message };
}

export function invalidExpression(compilerText: string): RunFailure {
  const message = 'Wait for event If expression failed to compile';
  return {
    error: `InvalidExpression: ${message}`,
    name: 'InvalidExpression',
    message,
    stack: compilerText,
  };
}

/** The SDK asked for something that cannot be done; asking again would not help. */
export function invalidStep(stepName: string, reason: string): RunFailure {
  const message = `Step "${stepName}" cannot be carried out: ${reason}`;
  return { error: message, name: 'InvalidStep', message };
}

/** Twice in a row the app answered without a result, an error or a step. */
export function stalled(): RunFailure {
  const message =
    'The app answered twice without a result, an error or a step, so nothing is left to do for this run. ' +
    'Check that the function awaits its steps and that the app runs a supported SDK release.';
  return { error: message, name: 'RunStalled', message };
}

export function functionRemoved(functionId: string): RunFailure {
  const message = `The function ${functionId} of this run is not known to the server any more. Register its app again.`;
  return { error: message, name: 'FunctionRemoved', message };
}

/** A durable endpoint answered its caller with a status that means failure (sdk-http-protocol.md §7.5). */
export function endpointFailed(status: number): RunFailure {
  const message = `The endpoint answered HTTP ${status}`;
  return { error: message, name: 'EndpointFailed', message };
}

/** The app of a durable endpoint was stopped, or lost its way to the server, in the middle of a request. */
export function endpointSilent(silentMs: number): RunFailure {
  const message =
    `The app has reported nothing for ${Math.round(silentMs / 3_600_000)} hours, and nothing is queued for this run. ` +
    'It was probably stopped in the middle of the request: send the request again.';
  return { error: message, name: 'EndpointSilent', message };
}

/** The server could not deal with what the app sent, or has a bug. */
export function internalError(cause: unknown): RunFailure {
  const message = cause instanceof Error ? cause.message : String(cause);
  return { error: `InternalError: ${message}`, name: 'InternalError', message };
}
