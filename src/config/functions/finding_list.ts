/** What is wrong with documents and what their authors should know, collected up to a bound. */
import type { Finding, ValuePath } from '../evaluator.ts';
import type { Source } from '../source.ts';

/** Of each kind. A document of hostile size must not make a report of hostile size. */
export const findingsMax = 1_000;

export class FindingList {
  readonly findings: Finding[] = [];
  readonly warnings: Finding[] = [];
  /** Counts those beyond the bound too. */
  findingCount = 0;

  refuse(finding: Finding): void {
    this.findingCount += 1;
    append(this.findings, finding, 'problems');
  }

  warn(finding: Finding): void {
    append(this.warnings, finding, 'warnings');
  }

  /** What is found from now on has no room in the report. */
  get isFull(): boolean {
    return this.findings.length > findingsMax;
  }
}

/** A value in a document, and where to report what is wrong with it. */
export class Place {
  constructor(
    readonly list: FindingList,
    readonly source: Source,
    readonly path: ValuePath,
  ) {}

  at(...parts: ValuePath): Place {
    return new Place(this.list, this.source, [...this.path, ...parts]);
  }

  refuse(message: string): void {
    this.list.refuse({ source: this.source, path: this.path, message });
  }

  warn(message: string): void {
    this.list.warn({ source: this.source, path: this.path, message });
  }
}

function append(list: Finding[], finding: Finding, kind: string): void {
  if (list.length < findingsMax) list.push(finding);
  else if (list.length === findingsMax) {
    list.push({
      ...finding,
      message: `there are more ${kind}; the first ${findingsMax} are listed`,
    });
  }
}
