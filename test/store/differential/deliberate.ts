/**
 * Where the embedded engine differs from Redis on purpose, with the reason. Everything else must be equal. What is listed
 * as absent answers with an error that says so, never with something wrong (`deliberate.test.ts`).
 */

/** Redis has them, the engine does not: no script of `lua/` needs them. */
export const absentCommands = [
  'GETSET',
  'MGET',
  'SCAN',
  'KEYS',
  'ZRANGEBYLEX',
  'SINTER',
  'XADD',
  'TIME',
];

/** They choose at random; scripts are deterministic (design §3). */
export const randomCommands = ['SPOP', 'SRANDMEMBER'];

/** Libraries that Redis gives to scripts. */
export const absentLibraries = ['cmsgpack', 'struct'];

/** Time, randomness, other code and other worlds: scripts get what they need as ARGV. */
export const absentGlobals = [
  ...['os', 'io', 'debug', 'coroutine', 'load', 'loadstring', 'dofile', 'loadfile', 'print'],
  ...['getmetatable', 'setmetatable', 'rawset', 'collectgarbage', 'getfenv', 'setfenv'],
];

/** They reach beyond the script; the engine has no log, no replicas, no users and one protocol. */
export const absentRedisFunctions = [
  ...['log', 'setresp', 'set_repl', 'replicate_commands', 'breakpoint', 'debug', 'acl_check_cmd'],
];

/** They would change how the next script's JSON looks. */
export const absentJsonFunctions = [
  ...['encode_sparse_array', 'encode_max_depth', 'decode_max_depth', 'encode_number_precision'],
  ...['encode_keep_buffer', 'encode_invalid_numbers', 'decode_invalid_numbers', 'new'],
];

/** From Redis 7.2 on they take one word more, so that there is no one arity to compare. */
export const commandsOfChangedArity: ReadonlySet<string> = new Set(['ZRANK', 'ZREVRANK']);

/*
 * Refused:
 * - Strings that are not UTF-8 as an argument or a reply: what the engine stores is text.
 * - Replies that only RESP3 has ({ double = … }, { map = … } and the like), and replies nested more than 100 deep.
 * - An error within a list that is answered fails the script; Redis answers the list.
 *
 * Not comparable, and therefore brought to one form before replies are compared (`commands.test.ts`, `lua_text.ts`):
 * - Scores, and numbers that a script passes to a command, as text. Redis 7.0 prints 17 digits and so does the engine; 7.2
 *   and Valkey print the shortest text. As numbers they are equal.
 * - The sign of a score that is zero is lost in Redis' small sorted sets and kept in its large ones; the engine loses it.
 * - HGETALL, HKEYS, HVALS and SMEMBERS answer in no particular order.
 * - Redis adds a script's hash and line to an error; the engine adds the script's name and line when the script fails.
 * - Valkey says "command" where Redis says "Redis command". The engine speaks as Redis, and names an unknown command.
 *
 * Not generated:
 * - ZRANGE BYLEX (refused), and GT and LT of EXPIRE with durations: Redis 7.0 counts each from the moment it runs it.
 * - LINDEX and LSET with positions beyond 32 bits: Redis 7.2 and Valkey take the lowest 32 of them, an accident,
 *   and refuse LREM with -2^63.
 * - tonumber(text, base) beyond 32 bits, where the interpreter stops at 2^32 - 1. (string.format does %d and %i of larger
 *   numbers, and refuses %x, %o and %u of them.)
 * - The sign of what is not a number: it depends on the processor.
 */
