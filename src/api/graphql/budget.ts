/**
 * What one operation may use while it runs. Estimates are made before (`cost.ts`); lists may be longer than those
 * think, and this counts what there really is.
 */
import { defaultFieldResolver, GraphQLError, type GraphQLFieldResolver } from 'graphql';

/** About a quarter of a second of the main thread. A run of 1000 steps as the UI shows it has 45 000. */
export const fieldsResolvedMax = 250_000;
/** Reading all facts of a run and making a tree of them takes as long as this many fields. */
export const runReadFields = 500;
/** Payloads and outputs are texts of up to some megabytes each. */
export const textCharsMax = 64 * 1024 * 1024;

export class Budget {
  #fields = 0;
  #textChars = 0;
  #exceeded: GraphQLError | null = null;

  /** What every field gets once too much was asked for; null until then. */
  get exceeded(): GraphQLError | null {
    return this.#exceeded;
  }

  /** Throws `GraphQLError`. */
  spendFields(count: number): void {
    this.#fields += count;
    if (this.#fields > fieldsResolvedMax) throw this.#exceed(`${fieldsResolvedMax} fields`);
  }

  /** Throws `GraphQLError`. */
  spendText(chars: number): void {
    this.#textChars += chars;
    if (this.#textChars > textCharsMax) throw this.#exceed(`${textCharsMax} characters`);
  }

  #exceed(limit: string): GraphQLError {
    this.#exceeded ??= new GraphQLError(
      `The operation asks for too much: its answer has more than ${limit}; select fewer fields or smaller pages.`,
      // With a path it counts as placed: `graphql` makes no copy of it for each field that is left.
      { path: [], extensions: { code: 'operation_too_large' } },
    );
    return this.#exceeded;
  }
}

/**
 * Reads fields as `graphql` does, and counts them. What a field throws becomes a promise that rejects: when an item of
 * a list throws at once, `graphql` forgets the promises of the items before it, and nobody would hear of their failures.
 */
export function countedFields(budget: Budget): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, context, info) => {
    if (budget.exceeded !== null) return Promise.reject(budget.exceeded);
    try {
      budget.spendFields(1);
      const value: unknown = defaultFieldResolver(source, args, context, info);
      if (typeof value === 'string') budget.spendText(value.length);
      return value;
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
