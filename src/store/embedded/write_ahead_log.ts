/**
 * Looks for damage in the middle of SQLite's write-ahead log (format: SQLite's "WAL-mode File Format"). SQLite takes the
 * first broken frame for the end of the log. After a crash it is, but where a bit has changed, everything behind it
 * would be dropped without a word: commits that were acknowledged.
 */
import { closeSync, openSync, readSync } from 'node:fs';
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

/**
 * Only one batch is on its way at a time: a crash may leave it broken, and then the log has one commit at most from
 * there on. More of them mean that batches behind the broken place had been completed.
 */
const commitsAfterCrashMax = 1;

/** Throws `DamagedDatabaseError` when the log of this database is damaged anywhere but at its end. */
export function checkWriteAheadLog(databasePath: string): void {
  const path = `${databasePath}-wal`;
  const file = openIfThere(path);
  if (file === null) return;
  try {
    checkFile(file, path);
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function checkFile(file: number, path: string): void {
  const start = Buffer.alloc(headerBytes + frameHeaderBytes + pageBytesMin);
  const startBytes = readSync(file, start, 0, start.length, 0);
  // Too short for any frame: the crash came before the first commit.
  if (startBytes < start.length) return;
  const header = readHeader(start);
  // The header is on disk before the first frame is written.
  if (header === null) throw new DamagedDatabaseError(path, "the log's header cannot be read");
  const frame = Buffer.alloc(frameHeaderBytes + header.pageBytes);
  let sums: Sums | null = header.sums;
  let commitsBehind = 0;
  for (let at = headerBytes, number = 1; ; at += frame.length, number += 1) {
    if (readSync(file, frame, 0, frame.length, at) < frame.length) return;
    if (sums !== null) sums = checkFrame(frame, header, sums);
    if (sums === null && isCommit(frame, header)) commitsBehind += 1;
    if (commitsBehind > commitsAfterCrashMax) {
      const what = `the log is broken before frame ${number}, and ${commitsBehind} or more commits follow`;
      throw new DamagedDatabaseError(path, what);
    }
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

/** The sums up to and with this frame, or null when it is not a part of the log. */
function checkFrame(frame: Buffer, header: LogHeader, before: Sums): Sums | null {
  if (!hasSalts(frame, header)) return null;
  const { isLittleEndian } = header;
  const afterHeader = added(before, frame, 0, 8, isLittleEndian);
  const sums = added(afterHeader, frame, frameHeaderBytes, frame.length, isLittleEndian);
  const isSound = sums[0] === frame.readUInt32BE(16) && sums[1] === frame.readUInt32BE(20);
  return isSound ? sums : null;
}

function hasSalts(frame: Buffer, { salts }: LogHeader): boolean {
  return frame.readUInt32BE(8) === salts[0] && frame.readUInt32BE(12) === salts[1];
}

/** The last frame of a commit says how many pages the database then has. */
function isCommit(frame: Buffer, header: LogHeader): boolean {
  return hasSalts(frame, header) && frame.readUInt32BE(4) !== 0;
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
