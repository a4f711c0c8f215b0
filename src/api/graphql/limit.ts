/**
 * How deep a document may be and how many fields it may have. Counted before validation, which is slow for documents
 * with very many fields; how long the answer may be is another question (`cost.ts`).
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** Introspection needs 13, the deepest document of the UI 12. */
export const depthMax = 24;
/** Fields of a document with its fragments spread. A page of runs with whole traces has about 500. */
export const fieldsMax = 2_000;

interface Size {
  readonly depth: number;
  readonly fields: number;
}

const nothing: Size = { depth: 0, fields: 0 };

/** Null when the document is within the limits; else which one it breaks and what to do. */
export function limitError(document: DocumentNode): GraphQLError | null {
  const sizes = new Sizes(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const { depth, fields } = sizes.of(definition.selectionSet);
    if (depth > depthMax) {
      return tooMuch(`it is ${depth} levels deep; at most ${depthMax} are allowed`, definition);
    }
    if (fields > fieldsMax) {
      return tooMuch(`it selects ${fields} fields; at most ${fieldsMax} are allowed`, definition);
    }
  }
  return null;
}

/** What an operation hears that goes beyond a limit. */
export function tooMuch(reason: string, operation: OperationDefinitionNode): GraphQLError {
  return new GraphQLError(`The operation asks for too much: ${reason}.`, {
    nodes: operation,
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
}

class Sizes {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #known = new Map<string, Size>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        this.#fragments.set(definition.name.value, definition);
      }
    }
  }

  of(set: SelectionSetNode | undefined): Size {
    let sum = nothing;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) sum = joined(sum, this.#ofField(selection));
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        sum = joined(sum, this.of(selection.selectionSet));
      } else sum = joined(sum, this.#ofFragment(selection.name.value));
    }
    return sum;
  }

  #ofField(field: FieldNode): Size {
    const inner = this.of(field.selectionSet);
    return { depth: inner.depth + 1, fields: inner.fields + 1 };
  }

  #ofFragment(name: string): Size {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    // One that spreads itself counts as nothing here; validation refuses it.
    this.#known.set(name, nothing);
    const size = this.of(this.#fragments.get(name)?.selectionSet);
    this.#known.set(name, size);
    return size;
  }
}

function joined(a: Size, b: Size): Size {
  return { depth: Math.max(a.depth, b.depth), fields: a.fields + b.fields };
}
