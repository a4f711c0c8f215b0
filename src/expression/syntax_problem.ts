/**
 * A problem of the text that cel-js does not see, at an offset of it.
 */
export class SyntaxProblem extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}
