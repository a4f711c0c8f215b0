/**
 * The protobuf messages of OTLP, read from proto/opentelemetry when they are first needed: most servers neither
 * hear of protobuf nor send any.
 */
import protobuf from 'protobufjs';
import service from '../../../proto/opentelemetry/collector/trace/v1/trace_service.proto' with {
  type: 'text',
};
import common from '../../../proto/opentelemetry/common/v1/common.proto' with { type: 'text' };
import resource from '../../../proto/opentelemetry/resource/v1/resource.proto' with {
  type: 'text',
};
import status from '../../../proto/opentelemetry/status.proto' with { type: 'text' };
import trace from '../../../proto/opentelemetry/trace/v1/trace.proto' with { type: 'text' };

const names = {
  request: 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
  response: 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse',
  status: 'google.rpc.Status',
} as const;

export type MessageName = keyof typeof names;

let root: protobuf.Root | null = null;
const types = new Map<MessageName, protobuf.Type>();

/**
 * The message as an object with the names of its JSON form: 64-bit numbers are text, bytes are bytes. Throws when
 * the bytes are no such message.
 */
export function decodeMessage(name: MessageName, bytes: Uint8Array): Record<string, unknown> {
  const type = typeOf(name);
  return type.toObject(type.decode(bytes), { longs: String });
}

/** Fields by their JSON names; what is not one is left out. */
export function encodeMessage(name: MessageName, value: object): Uint8Array {
  return typeOf(name)
    .encode({ ...value })
    .finish();
}

function typeOf(name: MessageName): protobuf.Type {
  const known = types.get(name);
  if (known !== undefined) return known;
  root ??= parseAll();
  const type = root.lookupType(names[name]);
  types.set(name, type);
  return type;
}

function parseAll(): protobuf.Root {
  const parsed = new protobuf.Root();
  for (const text of [common, resource, trace, service, status]) protobuf.parse(text, parsed);
  return parsed;
}
