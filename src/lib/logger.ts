/**
 * Log lines for people (text) and for machines (JSON), always on stderr: stdout belongs to data.
 */
import { type Clock, systemClock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Whether text lines carry colour; JSON never does. */
  readonly hasColor?: boolean;
  readonly clock?: Clock;
  /** Receives each line with its line break. */
  readonly write?: (line: string) => void;
}

const rankOf: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const secretName = /key|token|secret|authorization/i;
const secretInText = /signkey-\w+-[0-9a-z]+|\bbearer\s+[\w.~+/=-]+/gi;
const redacted = '[redacted]';
/** Deeper values are named by their kind only: log lines stay short and cycles end. */
const depthMax = 4;
const reset = '\x1b[0m';
const dim = '\x1b[2m';
const colorOf: Readonly<Record<LogLevel, string>> = {
  debug: dim,
  info: '\x1b[36m',
  warn: '\x1b[33m',
  error: '\x1b[31m',
};

/**
 * Makes a logger. Calls below `level` cost one function call. Values of fields whose name speaks of a
 * secret, and signing keys or bearer tokens inside any text, never reach the line.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, hasColor = false, clock = systemClock } = options;
  const write = options.write ?? ((line: string): void => void process.stderr.write(line));
  const put = (at: LogLevel, message: string, fields: LogFields): void => {
    const time = new Date(clock.now()).toISOString();
    const text = redactText(message);
    write(
      format === 'json'
        ? jsonLine(time, at, text, fields)
        : textLine(time, at, text, fields, hasColor),
    );
  };
  return loggerWith({}, put, rankOf[level]);
}

/** Whether to colour what goes to `stream` (no-color.org; a terminal called "dumb" has none). */
export function hasColors(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

type Put = (level: LogLevel, message: string, fields: LogFields) => void;

const ignore = (): void => undefined;

function loggerWith(inherited: LogFields, put: Put, rankMin: number): Logger {
  const at = (level: LogLevel): ((message: string, fields?: LogFields) => void) =>
    rankOf[level] < rankMin
      ? ignore
      : (message, fields) => put(level, message, fields ? { ...inherited, ...fields } : inherited);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => loggerWith({ ...inherited, ...fields }, put, rankMin),
  };
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const head = { time, level, msg: message };
  // The head comes first in the line and no field can replace it.
  return `${JSON.stringify({ ...head, ...redactFields(fields, 0), ...head })}\n`;
}

function textLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: LogFields,
  hasColor: boolean,
): string {
  const paint = (color: string, text: string): string =>
    hasColor ? `${color}${text}${reset}` : text;
  const pairs = Object.entries(redactFields(fields, 0))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${paint(dim, `${name}=`)}${fieldText(value)}`);
  const clockTime = paint(dim, time.slice(11, 23));
  return `${clockTime} ${paint(colorOf[level], level.padEnd(5))} ${message}${pairs.join('')}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return typeof value === 'string' && /[\s"=]|^$/.test(text) ? JSON.stringify(text) : text;
}

function redactFields(fields: LogFields, depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    safe[name] = secretName.test(name) && value != null ? redacted : redactValue(value, depth);
  }
  return safe;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthMax) return Array.isArray(value) ? '[array]' : '[object]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return redactFields(Object.fromEntries(Object.entries(value)), depth + 1);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return {
    name,
    message: redactText(message),
    ...(code !== undefined && { code: redactValue(code, depth + 1) }),
    ...(cause !== undefined && { cause: redactValue(cause, depth + 1) }),
  };
}

function redactText(text: string): string {
  return text.replace(secretInText, redacted);
}
