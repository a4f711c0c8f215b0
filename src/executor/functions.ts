/** The functions as the executor needs them. */
import type { FunctionDefinition } from '../function/definition.ts';

export interface Functions {
  /** Archived functions too: their runs go on. */
  functionById(id: string): FunctionDefinition | null;
}
