/** A refusal that a field's client is meant to read; whatever else a field throws is a fault of ours and only logged. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** There is no such thing. Clients compare this text (reference/graphql.md §5). */
export const noRows = 'sql: no rows in result set';
