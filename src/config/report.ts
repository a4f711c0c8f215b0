/**
 * Problems in documents as people read them: `file:line:column: path: message`, below it the line of the document with
 * a caret, and at the end how many there are.
 */
import type { Problem, Source } from './source.ts';

export interface ReportOptions {
  /** The documents that were read: their lines are shown. */
  readonly sources?: readonly Source[];
  readonly hasColor?: boolean;
  /** Warnings are accepted documents' doubts: they say so, and are not counted at the end. */
  readonly kind?: 'problem' | 'warning';
  /** What stands below them, a line each: what could not be checked, for instance. */
  readonly notes?: readonly string[];
}

/** A person mends these first; machines get all of them as JSON. */
const problemsShownMax = 100;
/** What is shown of a line, such as the only one of a JSON document. */
const lineCharsMax = 100;
/** How much of that stands before the caret. */
const leadCharsMax = 60;
const messageCharsMax = 2_000;

const red = '\x1b[31m';
const yellow = '\x1b[33m';
const bold = '\x1b[1m';
const dim = '\x1b[2m';
const reset = '\x1b[0m';

/** One line without colour or line break, for logs. */
export function problemLine({ source, path, position, message }: Problem): string {
  const text = shortened(message)
    .trim()
    .split(/\s*\n\s*/)
    .join(' ');
  return clean([placeText(source, position), path, text].filter((part) => part !== '').join(': '));
}

/** All of them with the lines they stand in; '' for none. Ends with a line break. */
export function problemsText(problems: readonly Problem[], options: ReportOptions = {}): string {
  if (problems.length === 0) return '';
  const { kind = 'problem', hasColor = false } = options;
  const sources = new Map((options.sources ?? []).map((source) => [source.name, source]));
  const paint: Paint = (color, text) => (hasColor ? `${color}${text}${reset}` : text);
  const shown = problems
    .slice(0, problemsShownMax)
    .map((problem) => problemText(problem, sources.get(problem.source), kind, paint));
  const hidden = problems.length - shown.length;
  const more = hidden === 0 ? [] : [`and ${hidden} more\n`];
  const end = kind === 'problem' ? [`${paint(red, countText(problems))}\n`] : [];
  const notes = (options.notes ?? []).map((note) => `note: ${clean(note)}\n`);
  return [...shown, ...more, ...end, ...notes].join('');
}

/** `3 functions`, `1 function`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

type Paint = (color: string, text: string) => string;

function problemText(
  { source, path, position, message }: Problem,
  document: Source | undefined,
  kind: 'problem' | 'warning',
  paint: Paint,
): string {
  const label = kind === 'warning' ? [paint(yellow, 'warning')] : [];
  const [first = '', ...rest] = clean(shortened(message).trimEnd()).split('\n');
  const head = [
    paint(bold, clean(placeText(source, position))),
    ...(path === '' ? [] : [clean(path)]),
    ...label,
    first,
  ].join(': ');
  const lines = [head, ...rest.map((line) => `    ${line}`)];
  return `${[...lines, ...excerpt(document, position, paint)].join('\n')}\n`;
}

function placeText(source: string, position: Problem['position']): string {
  return position === null ? source : `${source}:${position.line}:${position.column}`;
}

/** The line at a position and a caret below it, or nothing. */
function excerpt(
  document: Source | undefined,
  position: Problem['position'],
  paint: Paint,
): string[] {
  if (document === undefined || position === null) return [];
  // Never `text`: values of the environment have been put into it, and some of them are secrets.
  const line = (document.written ?? document.text).split(/\r\n|\n|\r/)[position.line - 1];
  if (line === undefined || line.trim() === '') return [];
  // Columns count characters, and some of them are two units of a text.
  const at = [...line].slice(0, position.column - 1).join('').length;
  const isLong = line.length > lineCharsMax;
  const start = isLong ? Math.max(0, Math.min(at - leadCharsMax, line.length - lineCharsMax)) : 0;
  const before = clean(line.slice(start, at));
  const after = clean(line.slice(at, start + lineCharsMax));
  const [lead, tail] = [start > 0 ? '…' : '', start + lineCharsMax < line.length ? '…' : ''];
  return [
    `    ${paint(dim, `${lead}${before}${after}${tail}`)}`,
    `    ${blank(lead + before)}${paint(red, '^')}`,
  ];
}

/** Blanks as wide as a text is on a terminal. */
function blank(text: string): string {
  return [...text]
    .map((letter) => (letter === '\t' ? '\t' : ' '.repeat(Bun.stringWidth(letter))))
    .join('');
}

/** Control characters of a document must not steer the terminal of the person who checks it. */
function clean(text: string): string {
  return text.replace(/[^\P{C}\t\n\u{200c}\u{200d}]/gu, '�');
}

function shortened(message: string): string {
  return message.length > messageCharsMax ? `${message.slice(0, messageCharsMax)}…` : message;
}

function countText(problems: readonly Problem[]): string {
  const files = new Set(problems.map(({ source }) => source)).size;
  return `${counted(problems.length, 'problem')} in ${counted(files, 'file')}`;
}
