/** Reading JSON objects whose keys match in any letter case (http-api.md §1.4). */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member called `name`: the exact spelling wins, then the last one that differs in case only. */
export function memberOf(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  let found: unknown;
  for (const key in object) {
    if (key.length === name.length && key.toLowerCase() === name.toLowerCase()) found = object[key];
  }
  return found;
}
