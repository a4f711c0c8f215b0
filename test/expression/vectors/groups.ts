/**
 * Every vector, by what it is about.
 */
import { collections } from './collections.ts';
import { conversions } from './conversions.ts';
import { dataAccess } from './data_access.ts';
import { logic } from './logic.ts';
import { numbers } from './numbers.ts';
import { texts } from './texts.ts';
import { time } from './time.ts';
import type { Groups } from './vector.ts';

export const groups: Groups = {
  ...dataAccess,
  ...numbers,
  ...texts,
  ...logic,
  ...collections,
  ...conversions,
  ...time,
};
