/** Limits of runs (execution.md §21), and the ones that tests set for single functions. */

export const stepsMaxDefault = 1_000;
const stepsMaxAbsolute = 10_000;
export const stateBytesMaxDefault = 32 * 1024 * 1024;
/** Sleeps and waits last at most this long. */
export const waitMsMax = 366 * 24 * 60 * 60 * 1000;
/** Invokes and signals without a timeout of their own. */
export const waitMsDefault = 365 * 24 * 60 * 60 * 1000;
export const opcodesMax = 1_000;

export class RunLimits {
  private readonly steps = new Map<string, number>();
  private readonly stateBytes = new Map<string, number>();

  stepsMax(functionId: string): number {
    return Math.min(this.steps.get(functionId) ?? stepsMaxDefault, stepsMaxAbsolute);
  }

  stateBytesMax(functionId: string): number {
    return this.stateBytes.get(functionId) ?? stateBytesMaxDefault;
  }

  setStepLimit(functionId: string, limit: number): void {
    this.steps.set(functionId, limit);
  }

  removeStepLimit(functionId: string): boolean {
    return this.steps.delete(functionId);
  }

  setStateSizeLimit(functionId: string, limit: number): void {
    this.stateBytes.set(functionId, limit);
  }

  removeStateSizeLimit(functionId: string): boolean {
    return this.stateBytes.delete(functionId);
  }
}
