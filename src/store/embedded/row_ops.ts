/**
 * What a batch tells the database, as one flat array: an operation's code followed by its operands. All of
 * them can be applied twice without harm, so a batch whose acknowledgement was lost is simply sent again.
 *
 * A key is a row of `keys` with an id of its own. A small collection is packed into that row; a larger one
 * has a row of `parts` per field, member or element.
 */
export type Operand = string | number | null;

export const rowOp = {
  /** id, key, kind code, is split, expiry, value */
  putKey: 1,
  /** id */
  dropKey: 2,
  /** id, part, value */
  putPart: 4,
  /** id, part */
  dropPart: 5,
  /** id */
  dropParts: 6,
  /** id, the first sequence number that stays */
  dropPartsBefore: 7,
  /** id, the first sequence number that goes */
  dropPartsFrom: 8,
  /** rows of `keys`, rows of `parts`: how many there are when the batch is applied */
  putCounts: 9,
} as const;

/** Codes of kinds on disk. Never reuse one. */
export const kindCodes = { string: 1, hash: 2, set: 3, zset: 4, list: 5 } as const;
