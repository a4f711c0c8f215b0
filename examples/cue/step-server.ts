/**
 * A program whose answers are the steps of the examples: `node step-server.ts [PORT]`, or `bun step-server.ts [PORT]`.
 * It needs nothing but Node 22.18 or Bun. With INNGEST_SIGNING_KEY it refuses requests that the server has not signed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { argv, env, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';

/** What the server asks of a step. */
export interface StepRequest {
  readonly ctx: {
    readonly fn_id: string;
    readonly run_id: string;
    readonly step_id: string;
    readonly [name: string]: unknown;
  };
  /** The event that started the run. */
  readonly event: { readonly name: string; readonly data: Readonly<Record<string, unknown>> };
  /** What the steps before it have answered. */
  readonly steps: Readonly<Record<string, { readonly status: number; readonly body: unknown }>>;
  readonly [name: string]: unknown;
}

export interface StepCall {
  /** With its query: `/library/remind?about=tip`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it came; `request` is what it says. */
  readonly text: string;
  readonly request: StepRequest;
}

export interface StepAnswer {
  /** 200 when left out. 5xx is tried again, 4xx is final. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export type AnswerStep = (call: StepCall) => StepAnswer | Promise<StepAnswer>;

export interface StepServerOptions {
  /** 9000 is the port of the examples; 0 takes any that is free. */
  readonly port?: number;
  /** INNGEST_SIGNING_KEY when left out; null checks nothing. */
  readonly signingKey?: string | null;
  /** By path without query; they come before those of the examples. */
  readonly answers?: Readonly<Record<string, AnswerStep>>;
  /** Runs before a call is answered, which waits for it. */
  readonly before?: (call: StepCall) => Promise<void>;
  /** Receives a line for each call, with its line break. */
  readonly print?: (line: string) => void;
}

export interface StepServer {
  readonly url: string;
  readonly port: number;
  /** The last of them, oldest first: at most `callsMax`. */
  readonly calls: readonly StepCall[];
  close(): Promise<void>;
}

export const examplePort = 9000;
export const callsMax = 10_000;
const bodyBytesMax = 64 * 1024 * 1024;
/** An older signature may have been overheard and sent again. */
const signatureAgeSecondsMax = 300;
const dayMs = 86_400_000;

/** Of the examples, where a later step wants to read something; all others answer `{"done": true}`. */
const exampleAnswers: Readonly<Record<string, AnswerStep>> = {
  '/welcome/profile': () => ({ body: { plan: 'free', language: 'en' } }),
  '/welcome/send-mail': ({ request }) => ({ body: { sent: true, to: request.event.data.email } }),
  '/claims/assess': ({ request }) => ({
    body: { risk: Number(request.event.data.amount) > 1_000 ? 80 : 20 },
  }),
  '/library/choose-date': () => ({
    body: { remind_at: new Date(Date.now() + dayMs).toISOString() },
  }),
  '/weather/read': () => ({ body: { is_new: true, celsius: 21.5 } }),
  '/prices/load': () => ({ body: { shops: ['basel', 'zurich'], prices: 120 } }),
  '/travel/flight': () => ({ body: { seat: '14C' } }),
  '/travel/hotel': () => ({ body: { room: 301 } }),
  '/travel/car': () => ({ body: { plate: 'ZH 1234' } }),
};
const done: AnswerStep = () => ({ body: { done: true } });

/** Resolves once it listens, on this machine only. */
export async function startStepServer(options: StepServerOptions = {}): Promise<StepServer> {
  const { port = examplePort, answers = {}, print = () => {} } = options;
  const key = options.signingKey === undefined ? env.INNGEST_SIGNING_KEY : options.signingKey;
  const calls: StepCall[] = [];
  const answer = async (incoming: IncomingMessage): Promise<StepAnswer> => {
    const call = await readCall(incoming, key || null);
    if ('status' in call) return call;
    calls.push(call);
    if (calls.length > callsMax) calls.shift();
    await options.before?.(call);
    const path = call.path.split('?')[0] ?? '';
    return (answers[path] ?? exampleAnswers[path] ?? done)(call);
  };
  const server = createServer((incoming, outgoing) => {
    const head = `${incoming.method} ${incoming.url}`;
    answer(incoming)
      .catch((error: unknown): StepAnswer => ({ status: 500, body: { error: String(error) } }))
      .then((given) => {
        print(`${head} -> ${given.status ?? 200} ${JSON.stringify(given.body ?? null)}\n`);
        send(outgoing, given);
      });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => listening());
  });
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${boundPort}`,
    port: boundPort,
    calls,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** The call, or the answer to one that is refused. */
async function readCall(
  incoming: IncomingMessage,
  key: string | null,
): Promise<StepCall | Required<Pick<StepAnswer, 'status' | 'body'>>> {
  if (incoming.method !== 'POST')
    return { status: 405, body: { error: 'steps are POST requests' } };
  const bytes = await readBody(incoming);
  if (bytes === null) return { status: 413, body: { error: 'the request is too large' } };
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  );
  if (key !== null && !isSigned(bytes, headers['x-inngest-signature'] ?? '', key)) {
    return { status: 401, body: { error: 'the signature is missing, wrong or too old' } };
  }
  const text = bytes.toString('utf8');
  try {
    return { path: incoming.url ?? '/', headers, text, request: JSON.parse(text) };
  } catch {
    return { status: 400, body: { error: 'the body is not JSON' } };
  }
}

/** Null when it is larger than a step's request can be. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += chunk.length;
    if (length > bodyBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `t=<unix seconds>&s=<hex>`: HMAC-SHA256 of the body followed by t; the key counts without `signkey-<env>-`. */
function isSigned(body: Buffer, header: string, key: string): boolean {
  const fields = new URLSearchParams(header);
  const seconds = fields.get('t') ?? '';
  const ageSeconds = Math.abs(Date.now() / 1000 - Number(seconds));
  const wanted = createHmac('sha256', key.replace(/^signkey-\w+-/, ''))
    .update(body)
    .update(seconds)
    .digest();
  const given = Buffer.from(fields.get('s') ?? '', 'hex');
  const isFresh = seconds !== '' && ageSeconds <= signatureAgeSecondsMax;
  return isFresh && given.length === wanted.length && timingSafeEqual(given, wanted);
}

function send(outgoing: ServerResponse, { status = 200, headers = {}, body }: StepAnswer): void {
  const hasBody = body !== undefined;
  outgoing.writeHead(status, {
    ...(hasBody && { 'content-type': 'application/json' }),
    ...headers,
  });
  outgoing.end(hasBody ? JSON.stringify(body) : '');
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const print = (line: string): void => void stdout.write(line);
  const server = await startStepServer({ port: Number(argv[2] ?? examplePort), print });
  print(`the steps of the examples answer at ${server.url}\n`);
}
