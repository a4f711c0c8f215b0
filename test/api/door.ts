/** An app over fake services, and a way to knock. Every answer must name the server's kind. */
import { expect } from 'bun:test';
import { createApp } from '../../src/api/app.ts';
import type { Services } from '../../src/api/services.ts';
import type {
  AppDefinition,
  AppId,
  FunctionDefinition,
  FunctionId,
} from '../../src/function/definition.ts';
import type { History } from '../../src/history/history.ts';
import type { LogFields } from '../../src/lib/logger.ts';
import { type FakeRegistry, fakeRegistry } from './fake_registry.ts';
import { FakeWorld } from './fake_services.ts';

export const runId = '01JV8W3R9V2Y7M6S6S3F2K4N5P';
export const otherRunId = '01JV8W3R9V2Y7M6S6S3F2K4N5Q';
export const signingKey = `signkey-prod-${'0a1b'.repeat(16)}`;
/** A brand is what its maker says it is; here the test is the maker. */
export const functionId = '5d0f2a7e-0000-5000-8000-000000000001' as FunctionId;
// As above.
const appId = '5d0f2a7e-0000-5000-8000-0000000000aa' as AppId;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  readonly json: () => unknown;
  /** What the JSON body holds at a path of keys; undefined when there is nothing. */
  readonly at: (...keys: readonly string[]) => unknown;
}

export interface Door {
  readonly world: FakeWorld;
  readonly registry: FakeRegistry;
  /** Failures nobody expected. */
  readonly logged: { readonly message: string; readonly fields?: LogFields }[];
  readonly handle: (request: Request) => Promise<Response>;
  knock(
    method: string,
    path: string,
    body?: string | Uint8Array | ReadableStream<Uint8Array> | object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

type Settings = Partial<
  Pick<Services, 'kind' | 'signingKey' | 'eventKeys' | 'eventBytesMax' | 'startOptions'>
>;

export function openDoor(
  settings: Settings = {},
  apps: readonly AppDefinition[] = [shop],
  history: History | null = null,
): Door {
  const world = new FakeWorld();
  world.history = history;
  const logged: { message: string; fields?: LogFields }[] = [];
  const log = {
    error: (message: string, fields?: LogFields) => void logged.push({ message, fields }),
    warn: () => undefined,
    info: () => undefined,
  };
  const registry = fakeRegistry(apps);
  const app = createApp(world.services(settings), registry, log);
  const handle = async (request: Request): Promise<Response> => await app.handle(request);
  return {
    world,
    registry,
    logged,
    handle,
    async knock(method, path, body, headers = {}) {
      const response = await handle(
        new Request(`http://localhost:8288${path}`, { method, headers, body: bodyOf(body) }),
      );
      expect(response.headers.get('x-inngest-server-kind')).toBe(settings.kind ?? 'dev');
      const text = await response.text();
      const { status } = response;
      const json = (): unknown => JSON.parse(text);
      const at = (...keys: readonly string[]): unknown =>
        keys.reduce((value: unknown, key) => Reflect.get(Object(value), key), json());
      return { status, headers: response.headers, text, json, at };
    },
  };
}

function bodyOf(body: Parameters<Door['knock']>[2]): BodyInit | undefined {
  const isRaw =
    typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  if (body === undefined) return undefined;
  // TypeScript does not narrow through the constant: what is not raw is an object to be written as JSON.
  return isRaw ? (body as BodyInit) : JSON.stringify(body);
}

/** What a refused request looks like. */
export function problem(status: number, error: string, data: object | null = null): object {
  return { error, data, status };
}

export const charge: FunctionDefinition = {
  id: functionId,
  appId,
  appName: 'shop',
  slug: 'shop-charge',
  name: 'Charge',
  version: 3,
  triggers: [{ event: 'order/placed' }],
  url: 'http://localhost:3000/api/inngest?fnId=shop-charge&step=step',
  driver: 'http',
  retries: 4,
  concurrency: [],
  runConcurrency: [],
  cancel: [],
};

export const shop: AppDefinition = {
  id: appId,
  name: 'shop',
  url: 'http://localhost:3000/api/inngest',
  sdkLanguage: 'js',
  sdkVersion: '4.24.0',
  framework: 'express',
  appVersion: '',
  method: 'serve',
  checksum: 'c',
  error: '',
  syncedAtMs: 1_767_225_600_000,
  functions: [charge],
};
