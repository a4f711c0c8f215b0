/** Messages of proto/run/v2 to bytes and back, unaware of what they mean. */
import protobuf from 'protobufjs';
import proto from '../../proto/run/v2/span.proto' with { type: 'text' };

const messageNames = ['RunSpan', 'RunSpanOutput', 'RunTrigger'] as const;
type MessageName = (typeof messageNames)[number];

let types: ReadonlyMap<MessageName, protobuf.Type> | null = null;

/** Parsed when first needed: most processes never are asked for a message. */
function typeOf(name: MessageName): protobuf.Type {
  types ??= parsedTypes();
  const type = types.get(name);
  if (type === undefined) throw new Error(`proto/run/v2/span.proto has no message ${name}`);
  return type;
}

function parsedTypes(): ReadonlyMap<MessageName, protobuf.Type> {
  const root = new protobuf.Root();
  const timestamp = protobuf.common.get('google/protobuf/timestamp.proto');
  if (timestamp?.nested) root.addJSON(timestamp.nested);
  protobuf.parse(proto, root);
  root.resolveAll();
  return new Map(messageNames.map((name) => [name, root.lookupType(`run.v2.${name}`)]));
}

export function encoded(name: MessageName, message: Record<string, unknown>): Uint8Array {
  const type = typeOf(name);
  const fault = type.verify(message);
  if (fault !== null) throw new Error(`a ${name} cannot be written: ${fault}`);
  return type.encode(message).finish();
}

export function decoded(name: MessageName, bytes: Uint8Array): unknown {
  const type = typeOf(name);
  return type.toObject(type.decode(bytes), { longs: Number, enums: String, arrays: true });
}

/** Protocol Buffers know no null: what is unknown is left out. */
export function known(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

export function timeMessage(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.floor((ms - seconds * 1000) * 1_000_000) };
}
