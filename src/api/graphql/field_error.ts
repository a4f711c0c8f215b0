/** A refusal that a field's client is meant to read; whatever else a field throws is a fault of ours and only logged. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  /** `graphql` shows them beside the message. */
  readonly extensions: { readonly code?: string };

  constructor(message: string, code?: string) {
    super(message);
    this.extensions = code === undefined ? {} : { code };
  }
}

/** There is no such thing. Clients compare this text (reference/graphql.md §5). */
export const noRows = 'sql: no rows in result set';
