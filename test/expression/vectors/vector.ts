/**
 * One expression with the result that it must have, and the data that all of them see (execution.md §24).
 */

/** Stands for: evaluation reports an error. */
export const error = Symbol('error');

/** Stands for: the text does not compile. */
export const refused = Symbol('refused');

export interface Vector {
  readonly text: string;
  readonly value: unknown;
}

export type Groups = Readonly<Record<string, readonly Vector[]>>;

export function table(rows: readonly (readonly [string, unknown])[]): readonly Vector[] {
  return rows.map(([text, value]) => ({ text, value }));
}

export const data = {
  event: {
    name: 'shop/order.created',
    id: 'evt_1',
    ts: 1_767_225_600_000,
    user: {},
    data: {
      id: 'o-1',
      plan: 'pro',
      total: 9.5,
      count: 3,
      zero: 0,
      empty: '',
      nothing: null,
      yes: true,
      no: false,
      tags: ['a', 'b'],
      none: [],
      items: [{ sku: 'x', price: 5 }, { sku: 'y', price: 15 }, { price: 25 }],
      nested: { deep: { value: 7 } },
      emptyMap: {},
      'dashed-key': 'd',
      at: '2026-01-02T03:04:05Z',
      encoded: 'eyJhIjp7ImIiOjF9fQ==',
      json: '{"a":{"b":1}}',
      emoji: 'héllo🎉',
    },
  },
} as const;
