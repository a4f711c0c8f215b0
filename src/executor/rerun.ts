/** What comes of the wish to run a run again. */

export type RerunOutcome =
  | { readonly kind: 'created'; readonly runId: string }
  | { readonly kind: 'unknown_run' }
  /** The function is not registered any more. */
  | { readonly kind: 'unknown_function' }
  /** Nothing but a request of its caller can begin such a run; the message says so. */
  | { readonly kind: 'not_rerunnable'; readonly message: string }
  /** Retention has taken the events that started the run. */
  | { readonly kind: 'events_gone' }
  | { readonly kind: 'unknown_step' }
  /** Several steps have that name: its hashed id says which. */
  | { readonly kind: 'ambiguous_step' };

export const endpointNotRerunnable =
  'The run belongs to a durable endpoint, which begins with a request of its caller: send that request again.';
