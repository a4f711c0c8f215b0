/** Attributes as JSON object text of a bounded size. */
import type { Json } from './any_value.ts';

export interface AttributeText {
  readonly text: string;
  /** Left out because they did not fit. */
  readonly dropped: number;
}

/** The first attributes that fit; one that does not leaves room for smaller ones after it. */
export function attributeText(
  attributes: ReadonlyMap<string, Json>,
  bytesMax: number,
): AttributeText {
  const members: string[] = [];
  // The braces.
  let bytes = 2;
  for (const [key, value] of attributes) {
    const member = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    // A comma for each.
    const memberBytes = Buffer.byteLength(member) + 1;
    if (bytes + memberBytes > bytesMax) continue;
    members.push(member);
    bytes += memberBytes;
  }
  return { text: `{${members.join(',')}}`, dropped: attributes.size - members.length };
}
