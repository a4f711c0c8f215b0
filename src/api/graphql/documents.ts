/** Documents that are parsed and found valid, kept for who sends them again; and queries known by their hash. */
import { createHash } from 'node:crypto';
import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { Lru } from '../../lib/lru.ts';
import { limitError } from './limit.ts';
import type { GraphqlRequest } from './transport.ts';

/** Different documents of a UI and its tests fit many times. */
const documentsMax = 128;
const persistedMax = 512;
/** Longer texts are read each time they come: what is kept must stay small. */
const keptCharsMax = 16 * 1024;
/** Words and signs in a document: parsing and validating this many takes a few milliseconds. */
const tokensMax = 20_000;

export type ReadDocument =
  | { readonly ok: true; readonly document: DocumentNode }
  | { readonly ok: false; readonly errors: readonly GraphQLError[] };

/** A query's text, or why there is none. */
export type FoundQuery =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly status: number; readonly error: GraphQLError };

export class Documents {
  readonly #read = new Lru<string, ReadDocument>(documentsMax);
  readonly #persisted = new Lru<string, string>(persistedMax);

  constructor(private readonly schema: () => GraphQLSchema) {}

  read(text: string): ReadDocument {
    const known = this.#read.get(text);
    if (known !== undefined) return known;
    const result = this.#parse(text);
    if (text.length <= keptCharsMax) this.#read.set(text, result);
    return result;
  }

  /** The request's query, also when it gives only the hash of one that was sent before. */
  queryOf({ query, extensions }: GraphqlRequest): FoundQuery {
    const hash = extensions?.persistedQuery?.sha256Hash.toLowerCase();
    if (hash === undefined) return { ok: true, text: query ?? '' };
    if (!query) {
      const text = this.#persisted.get(hash);
      return text === undefined ? persistedNotFound() : { ok: true, text };
    }
    if (createHash('sha256').update(query).digest('hex') !== hash) {
      const code = 'PERSISTED_QUERY_HASH_MISMATCH';
      return unknownQuery(400, 'provided APQ hash does not match query', code);
    }
    if (query.length <= keptCharsMax) this.#persisted.set(hash, query);
    return { ok: true, text: query };
  }

  #parse(text: string): ReadDocument {
    if (text.trim() === '') return refused(invalid('no operation provided'));
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: tokensMax });
    } catch (error) {
      return refused(parseError(error));
    }
    const tooMuch = limitError(document);
    if (tooMuch !== null) return refused(tooMuch);
    const errors = validate(this.schema(), document);
    if (errors.length === 0) return { ok: true, document };
    if (errors.some(({ message }) => message === gaveUp)) return refused(invalid(tooRepetitive));
    return { ok: false, errors: errors.map((error) => withCode(error, validationFailed)) };
  }
}

const validationFailed = 'GRAPHQL_VALIDATION_FAILED';
/** What `validate` says when comparing fields of one name with one another takes too long. */
const gaveUp = 'Validation aborted.';
const tooRepetitive =
  'The operation asks for too much: it selects the same fields too often; select each field once.';

function invalid(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: validationFailed } });
}

function parseError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return withCode(error, 'GRAPHQL_PARSE_FAILED');
  // The parser follows brackets by calling itself.
  if (error instanceof RangeError) return invalid('The operation is nested too deeply.');
  throw error;
}

function refused(error: GraphQLError): ReadDocument {
  return { ok: false, errors: [error] };
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions: { code } });
}

/** Clients that hear this send the query itself: it is a step of the protocol, not a failure. */
function persistedNotFound(): FoundQuery {
  return unknownQuery(200, 'PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND');
}

function unknownQuery(status: number, message: string, code: string): FoundQuery {
  return { ok: false, status, error: new GraphQLError(message, { extensions: { code } }) };
}
