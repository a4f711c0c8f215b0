/** Fields of an operation, by name: what `graphql` calls with the arguments that the schema has checked. */

type Field = (args: never) => unknown;

export type Fields = Readonly<Record<string, Field>>;

/** The same fields, answering once what has happened so far is durable. */
export function settledFields(fields: Fields, settled: () => Promise<void>): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      async (args: never) => {
        const result = await field(args);
        await settled();
        return result;
      },
    ]),
  );
}
