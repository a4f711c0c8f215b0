/**
 * Looks for damage in SQLite's write-ahead log (format: SQLite's "WAL-mode File Format"). SQLite takes the first broken
 * frame for the end of the log. After a crash it is, but where a bit has changed, everything behind it would be dropped
 * without a word: commits that were acknowledged.
 *
 * The limit: damage within the very last batch looks as if a crash had torn it, and the start is without that batch.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DamagedDatabaseError } from './damage.ts';

const headerBytes = 32;
const frameHeaderBytes = 24;
/** The lowest bit says in which byte order checksums are made. */
const magicLittleEndian = 0x377f0682;
const magicBigEndian = 0x377f0683;
const pageBytesMin = 512;
const pageBytesMax = 65_536;

/** The two running sums of the log's checksum. */
type Sums = readonly [number, number];

interface LogHeader {
  readonly isLittleEndian: boolean;
  readonly pageBytes: number;
  /** Frames with others are left from before the log was last begun anew. */
  readonly salts: Sums;
  readonly sums: Sums;
}

/** Throws `DamagedDatabaseError` when the log of this database is damaged anywhere but at its end, or the only thing left. */
export function checkWriteAheadLog(databasePath: string): void {
  const path = `${databasePath}-wal`;
  const file = openIfThere(path);
  if (file === null) return;
  try {
    const commits = checkFile(file, path);
    if (commits > 0) checkDatabase(databasePath, path, commits);
  } finally {
    closeSync(file);
  }
}

/** SQLite would delete a log that has none. Before the first commit gets into the log, its database is not empty. */
function checkDatabase(databasePath: string, path: string, commits: number): void {
  const bytes = statSync(databasePath, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > 0) return;
  const what =
    `it is a log without its database, ${databasePath}, and holds ${commits} commits that are nowhere else: put the ` +
    'database back beside it if it was moved, or move the log away as well to begin with nothing';
  throw new DamagedDatabaseError(path, what);
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Returns how many commits the log holds. */
function checkFile(file: number, path: string): number {
  const start = Buffer.alloc(headerBytes + frameHeaderBytes + pageBytesMin);
  const startBytes = readSync(file, start, 0, start.length, 0);
  // Too short for any frame: the crash came before the first commit.
  if (startBytes < start.length) return 0;
  const header = readHeader(start);
  // The header is on disk before the first frame is written.
  if (header === null) throw new DamagedDatabaseError(path, "the log's header cannot be read");
  const frame = Buffer.alloc(frameHeaderBytes + header.pageBytes);
  const frames = new Frames(header);
  for (let at = headerBytes; ; at += frame.length) {
    if (readSync(file, frame, 0, frame.length, at) < frame.length) return frames.commits;
    frames.read(frame);
    if (!frames.isDamaged) continue;
    const what = `the log is broken at frame ${frames.brokenAt}, and a later batch follows`;
    throw new DamagedDatabaseError(path, what);
  }
}

/**
 * Follows the log frame by frame. Only one batch is on its way at a time: a crash may leave it broken, and then the log
 * ends with it. More than what one batch can be behind the broken place means that the broken batch was complete.
 */
class Frames {
  /** In the part that is sound. */
  commits = 0;
  /** Number of the first broken frame, 0 for none. */
  brokenAt = 0;
  isDamaged = false;
  readonly #header: LogHeader;
  #sums: Sums;
  #number = 0;
  /** Of the last batch of the sound part if it has no end there, and of what is behind. A batch has each page once. */
  readonly #pages = new Set<number>();
  /** Since the broken frame, that included, one batch has come to its end. */
  #isBatchOver = false;

  constructor(header: LogHeader) {
    this.#header = header;
    this.#sums = header.sums;
  }

  read(frame: Buffer): void {
    this.#number += 1;
    const isOfLog = hasSalts(frame, this.#header);
    if (this.brokenAt > 0) {
      if (isOfLog) this.#readBehind(frame);
      return;
    }
    const sums = sumsAfter(frame, this.#header, this.#sums);
    if (sums !== null && isOfLog) {
      this.#sums = sums;
      this.#readSound(frame);
      return;
    }
    this.brokenAt = this.#number;
    // Sums that are right, which the salts are not a part of, say that the rest of the frame is.
    this.#isBatchOver = (isOfLog || sums !== null) && isCommit(frame);
  }

  #readSound(frame: Buffer): void {
    this.#pages.add(pageOf(frame));
    if (!isCommit(frame)) return;
    this.commits += 1;
    this.#pages.clear();
  }

  #readBehind(frame: Buffer): void {
    const page = pageOf(frame);
    // SQLite may append the page of a commit once more.
    this.isDamaged ||= this.#isBatchOver || (this.#pages.has(page) && !isCommit(frame));
    this.#isBatchOver ||= isCommit(frame);
    this.#pages.add(page);
  }
}

function readHeader(bytes: Buffer): LogHeader | null {
  const magic = bytes.readUInt32BE(0);
  if (magic !== magicLittleEndian && magic !== magicBigEndian) return null;
  const isLittleEndian = magic === magicLittleEndian;
  const pageBytes = bytes.readUInt32BE(8);
  const isPageSize =
    pageBytes >= pageBytesMin &&
    pageBytes <= pageBytesMax &&
    Number.isInteger(Math.log2(pageBytes));
  if (!isPageSize) return null;
  const sums = added([0, 0], bytes, 0, 24, isLittleEndian);
  if (sums[0] !== bytes.readUInt32BE(24) || sums[1] !== bytes.readUInt32BE(28)) return null;
  const salts = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] as const;
  return { isLittleEndian, pageBytes, salts, sums };
}

/** The sums up to and with this frame, or null when they are not what it says. */
function sumsAfter(frame: Buffer, { isLittleEndian }: LogHeader, before: Sums): Sums | null {
  const afterHeader = added(before, frame, 0, 8, isLittleEndian);
  const sums = added(afterHeader, frame, frameHeaderBytes, frame.length, isLittleEndian);
  const isSound = sums[0] === frame.readUInt32BE(16) && sums[1] === frame.readUInt32BE(20);
  return isSound ? sums : null;
}

function hasSalts(frame: Buffer, { salts }: LogHeader): boolean {
  return frame.readUInt32BE(8) === salts[0] && frame.readUInt32BE(12) === salts[1];
}

function pageOf(frame: Buffer): number {
  return frame.readUInt32BE(0);
}

/** The last frame of a commit says how many pages the database then has. */
function isCommit(frame: Buffer): boolean {
  return frame.readUInt32BE(4) !== 0;
}

function added(
  [first, second]: Sums,
  bytes: Buffer,
  from: number,
  to: number,
  isLittleEndian: boolean,
): Sums {
  let a = first;
  let b = second;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = from; at < to; at += 8) {
    a = (a + view.getUint32(at, isLittleEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, isLittleEndian) + a) >>> 0;
  }
  return [a, b];
}
