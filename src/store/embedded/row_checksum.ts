/**
 * The checksum of a row covers everything that the row says, so that a bit which changed on disk shows at the next start.
 * Part of the format: whoever changes it writes a migration.
 */

/** Texts are hashed one after the other instead of being joined: a start does this for every row there is. */
const hash = Bun.hash.xxHash32;

/** Odd, so that different numbers stay different. */
const factors = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

/** A kind and whether the key is split, as `codeOf` puts them together, are below this. */
const codes = 256;

export function codeOf(kind: number, isSplit: number): number {
  return kind * 2 + isSplit;
}

/** What the seal of a row says about its key: only to be believed when the seal is that of the row. */
export function readCode(seal: number): { readonly kind: number; readonly isSplit: number } {
  return { kind: (seal & (codes - 1)) >>> 1, isSplit: seal & 1 };
}

/**
 * Of a row of `keys`: its checksum, and below it its code. In one number, because each column that a row does not have
 * makes reading all rows a twentieth faster. `value` is null for a split key.
 */
export function keySeal(
  id: number,
  key: string,
  code: number,
  expiresAtMs: number,
  value: string | null,
): number {
  const seed =
    Math.imul(id, factors[0]) ^
    Math.imul(Math.floor(expiresAtMs / 2 ** 32), factors[1]) ^
    Math.imul(expiresAtMs % 2 ** 32, factors[2]) ^
    Math.imul(code, factors[3]);
  return hash(value ?? '', hash(key, seed >>> 0)) * codes + code;
}

/** What a part or its value may be, as numbers of the checksum. */
const typeCodes = { string: 1, number: 2, none: 3 } as const;

/** Of a row of `parts`. */
export function partChecksum(
  id: number,
  part: string | number,
  value: string | number | null,
): number {
  const types = typeCode(part) * 4 + typeCode(value);
  const seed = Math.imul(id, factors[0]) ^ Math.imul(types, factors[1]);
  return hash(String(value ?? ''), hash(String(part), seed >>> 0));
}

function typeCode(value: unknown): number {
  if (typeof value === 'string') return typeCodes.string;
  return typeof value === 'number' ? typeCodes.number : typeCodes.none;
}

/** Of what the database says about itself: how many rows of each table there are. */
export function countChecksum(keyRows: number, partRows: number): number {
  return hash(`${keyRows} ${partRows}`);
}
