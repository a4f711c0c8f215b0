/**
 * What one evaluation may cost. A condition comes from a user and its data from anyone, so work that
 * grows with the data is counted and stopped (limits.ts).
 */

import { visitsMax } from './limits.ts';

/** The budget ran out. Thrown, not a `Failure`: no operator may absorb it and go on. */
export class BudgetExceeded extends Error {
  constructor() {
    super(`expression visits more than ${visitsMax} elements`);
    this.name = 'BudgetExceeded';
  }
}

export class Budget {
  private left = visitsMax;

  spend(visits: number): void {
    this.left -= visits;
    if (this.left < 0) throw new BudgetExceeded();
  }
}
