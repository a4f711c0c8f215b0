/** Events as they travel inside the server, after the door has parsed them (execution.md §3.1). */

export interface EventMeta {
  readonly sessions?: Readonly<Record<string, string>>;
}

/** What functions, expressions and waits see. `id` is the sender's, or the internal id when none was given. */
export interface EventPayload {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly ts: number;
  readonly v?: string;
  readonly meta?: EventMeta;
}

/** An accepted event. */
export interface ReceivedEvent {
  /** ULID given by the server; `ids` of the event API. */
  readonly internalId: string;
  readonly receivedAtMs: number;
  readonly payload: EventPayload;
  /**
   * Key under which a function starts at most once in 24 h; empty when the event cannot come twice
   * (no id of the sender's and no seed header).
   */
  readonly idempotencyKey: string;
  /** The sender's place in a trace of its own, as it said (W3C Trace Context). */
  readonly traceparent?: string;
}
