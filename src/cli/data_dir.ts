/** The data directory of the commands that work on one. */
import { resolve } from 'node:path';
import { type FlagReader, notEmpty } from './flag_reader.ts';
import { defaultDataDir } from './settings_reader.ts';

export function readDataDir(read: FlagReader): string {
  return resolve(read.one('data-dir', notEmpty, defaultDataDir));
}
