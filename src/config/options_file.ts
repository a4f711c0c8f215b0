/**
 * Files that hold the options of the Inngest CLI share their name with ours (`inngest.json`, `INNGEST_CONFIG`); they are
 * told apart by what is in them (cue-config.md §3.6, §3.7).
 */
import { z } from 'zod';

const optionNames: ReadonlySet<string> = new Set([
  ...['host', 'port', 'sdk-url', 'no-discovery', 'no-poll', 'poll-interval', 'retry-interval'],
  ...['queue-workers', 'tick', 'persist', 'in-memory', 'signing-key', 'event-key', 'no-ui'],
  ...['redis-uri', 'sqlite-dir', 'postgres-uri', 'postgres-max-idle-conns'],
  ...['postgres-max-open-conns', 'postgres-conn-max-idle-time', 'postgres-conn-max-lifetime'],
  ...['connect-gateway-port', 'connect-gateway-host', 'connect-gateway-grpc-port'],
  ...['connect-gateway-grpc-ip', 'connect-executor-grpc-port', 'connect-executor-grpc-ip'],
  ...['debug-api-port', 'log-level', 'json', 'verbose'],
]);

/** Root fields of our documents. One of them makes it a document, with a mistake in it perhaps, which is to be told. */
const documentNames: ReadonlySet<string> = new Set([
  ...['function', 'functions', 'config', 'id', 'name', 'triggers', 'steps'],
  ...['log', 'eventAPI', 'coreAPI', 'execution', 'eventstream', 'queue', 'state', 'datastore'],
]);

const plainObject = z.record(z.string(), z.unknown());

export function holdsOptions(text: string): boolean {
  const parsed = plainObject.safeParse(jsonIn(text));
  const names = parsed.success ? Object.keys(parsed.data) : [];
  return (
    names.some((name) => optionNames.has(name)) && !names.some((name) => documentNames.has(name))
  );
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
