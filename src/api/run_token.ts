/**
 * Tokens of durable endpoints (HS256): `token` lets its holder wait for one run's output, `realtime_token`
 * lets it listen to the run's stream (sdk-http-protocol.md §7.4, §7.7; http-api.md §2, §4).
 *
 * The original signs both with a constant that anyone can read, also in production. Here the secret comes
 * from the signing key, so servers that share the key read each other's tokens and nobody else can make one.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { accountId, environmentId } from '../function/definition.ts';
import type { Clock } from '../lib/clock.ts';
import { stripKeyPrefix } from '../lib/signature.ts';
import { ulid } from '../lib/ulid.ts';

const outputIssuer = 'api.inngest.com';
const outputSubject = 'run-claim';
const outputSeconds = 60 * 60;
const realtimeIssuer = 'rt.inngest.com';
const realtimeSeconds = 960;
/** Tokens are about 400 characters; nothing longer is worth a hash. */
const tokenCharsMax = 4096;

const header = encoded({ alg: 'HS256', typ: 'JWT' });
const headerSchema = z.object({ alg: z.literal('HS256') });
const claimsSchema = z.object({
  iss: z.literal(outputIssuer),
  sub: z.literal(outputSubject),
  exp: z.number(),
  Env: z.literal(environmentId),
  RunID: z.string(),
});

export interface RunTokens {
  output(runId: string): string;
  realtime(runId: string): string;
  /** Whether `token` was made by `output` for this run and is still good. */
  isOutputToken(token: string, runId: string): boolean;
}

/** Without a signing key (dev) the secret is random: tokens end with the process. */
export function runTokens(signingKey: string | null, clock: Clock): RunTokens {
  const secret =
    signingKey === null
      ? randomBytes(32)
      : createHmac('sha256', stripKeyPrefix(signingKey)).update('run tokens, version 1').digest();
  const nowSeconds = (): number => Math.floor(clock.now() / 1000);

  return {
    output(runId) {
      const iat = nowSeconds();
      const life = { iss: outputIssuer, sub: outputSubject, iat, exp: iat + outputSeconds };
      return signed({ ...life, Env: environmentId, RunID: runId }, secret);
    },
    realtime(runId) {
      const iat = nowSeconds();
      const life = { iss: realtimeIssuer, sub: accountId, iat, exp: iat + realtimeSeconds };
      const topic = { kind: 'run', env_id: environmentId, channel: runId, name: '$stream' };
      return signed(
        { ...life, jti: ulid(clock.now()), env: environmentId, topics: [topic], publish: false },
        secret,
      );
    },
    isOutputToken(token, runId) {
      const claims = claimsSchema.safeParse(verified(token, secret));
      return claims.success && claims.data.RunID === runId && claims.data.exp > nowSeconds();
    },
  };
}

function signed(claims: Readonly<Record<string, unknown>>, secret: Buffer): string {
  const content = `${header}.${encoded(claims)}`;
  return `${content}.${mac(content, secret).toString('base64url')}`;
}

/** The claims when the signature holds, else null. */
function verified(token: string, secret: Buffer): unknown {
  if (token.length > tokenCharsMax) return null;
  const [head, claims, signature, ...rest] = token.split('.');
  if (head === undefined || claims === undefined || signature === undefined) return null;
  if (rest.length > 0 || !headerSchema.safeParse(decoded(head)).success) return null;
  const given = Buffer.from(signature, 'base64url');
  const expected = mac(`${head}.${claims}`, secret);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return decoded(claims);
}

function mac(content: string, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(content).digest();
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    // Not JSON: no schema will take null.
    return null;
  }
}
