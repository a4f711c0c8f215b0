/** What a server under test says in its log. */
import { eventually } from '../eventually.ts';
import type { ServerProcess } from '../server_process.ts';

/** A broken document is explained by a large program, of which several may run at the same time. */
const sayDeadlineMs = 40_000;

/** Of a reload that has put other functions to work. */
export const hasChanged = /^functions in documents have changed$/;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export async function linesOf(server: ServerProcess): Promise<LogLine[]> {
  const text = await server.logs();
  // The server's own log; what is not JSON is no line of it.
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
}

/** The lines that say it, once there are that many. */
export function said(server: ServerProcess, message: RegExp, count = 1): Promise<LogLine[]> {
  return eventually(
    async () => {
      const found = (await linesOf(server)).filter(({ msg }) => message.test(msg));
      return found.length >= count && found;
    },
    { deadlineMs: sayDeadlineMs, what: `${count} log line(s) like ${message}` },
  );
}
