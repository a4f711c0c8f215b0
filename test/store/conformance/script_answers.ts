/**
 * What every script may answer, as the heads in lua/ document it, and which part of the conformance suite must have
 * met each of these answers.
 */
import type { Reply, ScriptName } from '../../../src/store/store.ts';

export type SuiteName =
  | 'apps'
  | 'bulk'
  | 'checkpoint'
  | 'commit'
  | 'events'
  | 'function_pause'
  | 'outbox'
  | 'pause'
  | 'queue'
  | 'run'
  | 'take';

type Args = readonly (string | number)[];

interface ScriptAnswers {
  readonly suite: SuiteName;
  /** Every number in them is one that the head documents, and the other way round. */
  readonly answers: readonly string[];
  /** Which of them a reply holds. Throws when it does not have the documented shape. */
  of(reply: Reply, args: Args): readonly string[];
}

/** Answers that are one integer. */
function code(suite: SuiteName, ...codes: number[]): ScriptAnswers {
  return { suite, answers: codes.map(String), of: (reply) => [String(integer(reply))] };
}

/** Answers that begin with a code; those with a given code have a given length. */
function list(suite: SuiteName, lengths: Readonly<Record<string, number>>): ScriptAnswers {
  const of = (reply: Reply): string[] => {
    const [first = null, ...rest] = listOf(reply);
    const found = String(integer(first));
    shaped(lengths[found] === rest.length + 1, reply);
    return [found];
  };
  return { suite, answers: Object.keys(lengths), of };
}

export const scriptAnswers: Readonly<Record<ScriptName, ScriptAnswers>> = {
  app_put: list('apps', { 1: 2, 0: 2 }),
  app_remove: list('apps', { 1: 2, 0: 2 }),
  apps_load: {
    suite: 'apps',
    answers: ['nothing new', 'no apps', 'apps', 'archived functions'],
    of: (reply) => {
      const [changes = null, apps, archived] = listOf(reply);
      integer(changes);
      if (apps === undefined) return ['nothing new'];
      for (const row of rows(listOf(apps), 3)) shapes(row, 'text', 'integer', 'text');
      for (const each of listOf(archived ?? null)) text(each);
      return [
        listOf(apps).length > 0 ? 'apps' : 'no apps',
        ...(listOf(archived ?? null).length > 0 ? ['archived functions'] : []),
      ];
    },
  },
  bulk_advance: {
    suite: 'bulk',
    answers: ['code 1', 'code 2', 'code 0', 'end 1', 'end 0', 'run 1', 'run 0'],
    of: (reply, args) => {
      const [found, ...rest] = listOf(reply).map(integer);
      const ends = Number(args[9]);
      shaped(found !== 0 || rest.length === 0, reply);
      return [
        `code ${found}`,
        ...rest.map((each, index) => `${index < ends ? 'end' : 'run'} ${each}`),
      ];
    },
  },
  bulk_load: {
    suite: 'bulk',
    answers: ['operations', 'no operations'],
    of: (reply) => {
      const found = rows(listOf(reply), 12);
      for (const row of found) row.forEach(text);
      return [found.length > 0 ? 'operations' : 'no operations'];
    },
  },
  bulk_start: code('bulk', 1, 0, -1),
  bulk_stop: code('bulk', 1, 0, -1),
  checkpoint_commit: code('checkpoint', 1, 0, -1, -2, -3),
  event_accept: code('events', 1),
  event_deliver: {
    suite: 'events',
    answers: ['code 1', 'code 0', 'code 2', 'wait 1', 'wait 0', 'run 1', 'run 0'],
    of: (reply, args) => {
      const [found, ...rest] = listOf(reply).map(integer);
      const waits = Number(args[4]);
      const runs = Number(args[5 + waits * 3]);
      shaped(found !== 1 ? rest.length === 0 : rest.length === waits + runs, reply);
      return [
        `code ${found}`,
        ...rest.map((each, index) => `${index < waits ? 'wait' : 'run'} ${each}`),
      ];
    },
  },
  function_pause: code('function_pause', 1, 0),
  function_unpause: code('function_pause', 1, 0),
  functions_paused: {
    suite: 'function_pause',
    answers: ['some paused', 'none paused'],
    of: (reply) => [listOf(reply).map(text).length > 0 ? 'some paused' : 'none paused'],
  },
  history_append: code('outbox', 1),
  outbox_read: {
    suite: 'outbox',
    answers: ['no facts', 'facts', 'held by nobody else 0', 'held until ms'],
    of: (reply) => {
      const [position = null, length = null, heldUntil = null, ...facts] = listOf(reply);
      shapes([position, length], 'integer', 'integer');
      facts.forEach(text);
      return [
        facts.length > 0 ? 'facts' : 'no facts',
        integer(heldUntil) === 0 ? 'held by nobody else 0' : 'held until ms',
      ];
    },
  },
  outbox_trim: code('outbox', 1, 0),
  pause_resolve: {
    suite: 'pause',
    answers: ['1', '0'],
    of: (reply, args) => {
      shaped(listOf(reply).length === Number(args[1]), reply);
      return listOf(reply).map((each) => String(integer(each)));
    },
  },
  pause_scan: {
    suite: 'pause',
    answers: ['no pauses', 'event', 'cancel'],
    of: (reply) => {
      const [stored = null, ...flat] = listOf(reply);
      integer(stored);
      const found = rows(flat, 9);
      for (const row of found) row.forEach(text);
      return found.length > 0 ? found.map((row) => text(row[2] ?? null)) : ['no pauses'];
    },
  },
  pause_timeout: code('pause', 1, 0, -1),
  queue_accounts: {
    suite: 'queue',
    answers: ['accounts', 'no accounts'],
    of: (reply) => [listOf(reply).map(text).length > 0 ? 'accounts' : 'no accounts'],
  },
  queue_ahead: {
    suite: 'queue',
    answers: ['none ahead', 'some ahead', '-1'],
    of: (reply) => {
      const ahead = integer(reply);
      if (ahead < 0) return [String(ahead)];
      return [ahead > 0 ? 'some ahead' : 'none ahead'];
    },
  },
  queue_depth: {
    suite: 'queue',
    answers: ['pointed', 'due', 'later', 'no room', 'no key', 'running'],
    of: (reply) => {
      const counts = listOf(reply).map(integer);
      shaped(counts.length === 6, reply);
      const names = ['pointed', 'due', 'later', 'no room', 'no key', 'running'];
      return names.filter((_, index) => (counts[index] ?? 0) > 0);
    },
  },
  queue_dequeue: code('queue', 1, 0),
  queue_enqueue: {
    suite: 'queue',
    answers: ['all added', 'some added', 'none added'],
    of: (reply, args) => {
      const added = integer(reply);
      if (added === 0) return ['none added'];
      return [added === Number(args[0]) ? 'all added' : 'some added'];
    },
  },
  queue_extend: {
    suite: 'queue',
    answers: ['none lost', 'lost'],
    of: (reply) => [listOf(reply).map(text).length > 0 ? 'lost' : 'none lost'],
  },
  queue_peek: {
    suite: 'queue',
    answers: ['next -1', 'next ms', 'partitions', 'no partitions'],
    of: (reply) => {
      const [next = null, ...partitions] = listOf(reply);
      partitions.forEach(text);
      return [
        integer(next) === -1 ? 'next -1' : 'next ms',
        partitions.length > 0 ? 'partitions' : 'no partitions',
      ];
    },
  },
  queue_rebuild: {
    suite: 'queue',
    answers: ['made ready', 'none made ready'],
    of: (reply) => [integer(reply) > 0 ? 'made ready' : 'none made ready'],
  },
  queue_release_partition: code('queue', 1, 0),
  queue_postpone: code('queue', 1, 0),
  role_claim: code('queue', 1, 0),
  queue_return: {
    suite: 'queue',
    answers: ['none put back', 'some put back'],
    of: (reply) => [integer(reply) > 0 ? 'some put back' : 'none put back'],
  },
  queue_requeue: {
    suite: 'queue',
    answers: ['due ms', '0', '-2'],
    of: (reply) => [integer(reply) > 0 ? 'due ms' : String(reply)],
  },
  queue_scavenge: {
    suite: 'queue',
    answers: ['put back', 'none put back', 'next -1', 'next ms'],
    of: (reply) => {
      const [count = null, next = null] = listOf(reply);
      shaped(listOf(reply).length === 2, reply);
      return [
        integer(count) > 0 ? 'put back' : 'none put back',
        integer(next) === -1 ? 'next -1' : 'next ms',
      ];
    },
  },
  queue_take: {
    suite: 'take',
    answers: ['1', '0', '-1', '-2', '-3', '-4', 'items'],
    of: (reply) => {
      const [found = null, count = null, ...flat] = listOf(reply);
      const items = rows(flat, 10);
      shaped(items.length === integer(count), reply);
      for (const item of items) item.forEach(text);
      return [String(integer(found)), ...(items.length > 0 ? ['items'] : [])];
    },
  },
  run_create: code('run', 1, 0),
  run_enter: {
    suite: 'run',
    answers: ['1', '0', '-1', '-2', '-3', '-4', '-5', '-6', 'steps left out 1', 'steps 0'],
    of: (reply) => {
      const [found = null, ...state] = listOf(reply);
      const answer = String(integer(found));
      if (['0', '-1', '-2'].includes(answer)) {
        shaped(state.length === 0, reply);
        return [answer];
      }
      shaped(state.length === 12, reply);
      state.slice(0, 7).forEach(text);
      const leftOut = integer(state[7] ?? null);
      for (const each of state.slice(8)) listOf(each).forEach(text);
      return [answer, leftOut === 1 ? 'steps left out 1' : `steps ${leftOut}`];
    },
  },
  run_finish: code('run', 1, 0, -1),
  run_jobs: {
    suite: 'run',
    answers: ['leased 1', 'leased 0', 'no jobs'],
    of: (reply) => {
      const jobs = rows(listOf(reply), 5);
      for (const job of jobs) shapes(job, 'text', 'text', 'text', 'text', 'integer');
      return jobs.length > 0 ? jobs.map((job) => `leased ${job[4]}`) : ['no jobs'];
    },
  },
  run_load: list('run', { 0: 1, 1: 9 }),
  signal_find: {
    suite: 'pause',
    answers: ['a wait', 'no wait'],
    of: (reply) => {
      const found = listOf(reply);
      if (found.length === 0) return ['no wait'];
      shapes(found, 'text', 'text', 'text', 'text');
      return ['a wait'];
    },
  },
  step_commit: code('commit', 1, 2, 0, -1, -2, -3, -4),
};

/** The documented answers that a reply holds; throws when its script does not document it. */
export function answersOf(script: ScriptName, reply: Reply, args: Args): readonly string[] {
  const known = scriptAnswers[script];
  if (known === undefined) return [];
  const found = known.of(reply, args);
  const unknown = found.find((answer) => !known.answers.includes(answer));
  if (unknown !== undefined) {
    throw new Error(`${script} answered "${unknown}", which script_answers.ts does not know`);
  }
  return found;
}

function shaped(isShaped: boolean, reply: Reply): void {
  if (!isShaped) throw new TypeError(`not the documented shape: ${JSON.stringify(reply)}`);
}

function integer(reply: Reply): number {
  if (typeof reply === 'number' && Number.isSafeInteger(reply)) return reply;
  throw new TypeError(`not an integer: ${JSON.stringify(reply)}`);
}

function text(reply: Reply): string {
  if (typeof reply === 'string') return reply;
  throw new TypeError(`not text: ${JSON.stringify(reply)}`);
}

function listOf(reply: Reply): readonly Reply[] {
  if (typeof reply === 'object' && reply !== null) return reply;
  throw new TypeError(`not a list: ${JSON.stringify(reply)}`);
}

function shapes(row: readonly Reply[], ...kinds: ('integer' | 'text')[]): void {
  shaped(row.length === kinds.length, row);
  for (const [index, kind] of kinds.entries()) {
    if (kind === 'integer') integer(row[index] ?? null);
    else text(row[index] ?? null);
  }
}

function rows(flat: readonly Reply[], width: number): (readonly Reply[])[] {
  shaped(flat.length % width === 0, flat);
  return Array.from({ length: flat.length / width }, (_, row) =>
    flat.slice(row * width, (row + 1) * width),
  );
}
