/**
 * The shape of a `config` document after its evaluation (cue-config.md §2). CUE has checked it against cue/defs/config,
 * which also fills in what nobody wrote; what CUE lets pass and makes no sense is refused here.
 */
import { z } from 'zod';

const textBytesMax = 4_096;
const words = z.string().max(textBytesMax, `must not be longer than ${textBytesMax} characters`);
const filled = words.trim().min(1, 'must not be empty');

/** CUE takes any number. */
function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .number(message)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, {
      error: ({ input }) => `${message}, not ${input}`,
    });
}

const port = wholeNumber(1, 65_535);
/** What the event API takes at most without being asked for another limit, and may be asked for. */
const eventBytesMin = 1_024;
const eventBytesMax = 64 * 1024 * 1024;
/** A day: what a step may take is bounded by what an HTTP connection survives. */
const timeoutSecondsMax = 86_400;
const redisDatabasesMax = 65_536;

const redisService = {
  dsn: filled.optional(),
  host: filled.optional(),
  port: port.optional(),
  db: wholeNumber(0, redisDatabasesMax).optional(),
  username: words.optional(),
  password: words.optional(),
  keyPrefix: words.optional(),
  maxRetries: z.number().optional(),
  poolSize: z.number().optional(),
};

/** Backends are names here, so that one that is not supported gets a message of its own. */
const storeService = z.looseObject({ backend: words, ...redisService });
export type StoreService = z.infer<typeof storeService>;

const driver = z.looseObject({
  name: words,
  timeout: wholeNumber(1, timeoutSecondsMax).optional(),
  signingKey: filled.optional(),
});

export const serviceSchema = z.looseObject({
  log: z
    .looseObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).optional(),
      format: z.enum(['json', 'console']).optional(),
    })
    .optional(),
  eventAPI: z
    .looseObject({
      addr: filled.optional(),
      port: port.optional(),
      maxSize: wholeNumber(eventBytesMin, eventBytesMax).optional(),
    })
    .optional(),
  coreAPI: z.looseObject({ addr: words.optional(), port: port.optional() }).optional(),
  execution: z
    .looseObject({
      drivers: z.record(z.string(), driver).optional(),
      logOutput: z.boolean().optional(),
    })
    .optional(),
  eventstream: z
    .looseObject({ service: z.looseObject({ backend: words, topic: words.optional() }).optional() })
    .optional(),
  queue: z.looseObject({ service: storeService.optional() }).optional(),
  state: z.looseObject({ service: storeService.optional() }).optional(),
  datastore: z
    .looseObject({ service: z.looseObject({ backend: words, URI: filled.optional() }).optional() })
    .optional(),
});

export type ServiceDocument = z.infer<typeof serviceSchema>;
