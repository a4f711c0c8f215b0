/**
 * What the app did, one line per execution, in a file: it survives a restart of the app, and a test reads it
 * without asking the app. Gates hold a step until the test opens them.
 */
import { appendFileSync } from 'node:fs';

/**
 * @typedef {object} ExecutionRecord
 * @property {string} key       the scenario, from `event.data.key`
 * @property {string} name      the step (or part of the function) that executed
 * @property {string} run
 * @property {number} attempt
 * @property {number} at        ms epoch
 * @property {unknown} [detail]
 */

const file = process.env.E2E_RECORDS ?? '/dev/null';

/** @type {Map<string, { promise: Promise<void>, open: () => void }>} */
const gates = new Map();

/** @param {ExecutionRecord} record */
export function record(record) {
  appendFileSync(file, `${JSON.stringify(record)}\n`);
}

/** @param {string} name */
function gateNamed(name) {
  let gate = gates.get(name);
  if (!gate) {
    let open = () => {};
    const promise = new Promise((resolve) => {
      open = () => resolve(undefined);
    });
    gate = { promise, open };
    gates.set(name, gate);
  }
  return gate;
}

/**
 * Resolves once the test has opened the gate.
 * @param {string} name
 */
export function passage(name) {
  return gateNamed(name).promise;
}

/** @param {string} name */
export function openGate(name) {
  gateNamed(name).open();
}
