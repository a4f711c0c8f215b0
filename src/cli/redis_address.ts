/** What may be given as the address of a Redis and as the beginning of our keys in it. */
import { z } from 'zod';
import { parseRedisUri, RedisUriError } from '../store/redis/redis_uri.ts';

export const redisAddress = z.string().superRefine((text, context) => {
  try {
    parseRedisUri(text);
  } catch (error) {
    if (!(error instanceof RedisUriError)) throw error;
    context.addIssue({ code: 'custom', message: `is wrong: ${error.message}` });
  }
});

/** Braces make a hash tag of it, so that all keys stay together in a cluster; `keyPrefixOf` adds them. */
export const redisPrefix = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be 1 to 64 letters, digits or _ . : - (no braces)');

/** KEYS[1] of every script. */
export function keyPrefixOf(name: string): string {
  return `{${name}}`;
}

/** Whether this names a Redis rather than a folder. */
export function isRedisUri(text: string): boolean {
  return /^[a-z][a-z+]*:\/\//i.test(text);
}
