/** What people call an operation on many runs: the rule of every API that begins one. */
import { z } from 'zod';

const nameCharsMax = 256;

export const bulkName = z
  .string('name is required')
  .min(1, 'name is required')
  .max(nameCharsMax, `name cannot exceed ${nameCharsMax} characters`)
  .describe('For people: what this is about.');
