/**
 * Every limit of expressions in one place. Text comes from a user and data from anyone; each limit is far above what
 * people write, and low enough that reaching it takes well under a second and no memory to speak of.
 *
 * | what | limit | beyond it |
 * |---|---|---|
 * | length of the text | `textCharsMax` | does not compile |
 * | nodes of the tree, items of a list, entries of a map | bounded by the text | |
 * | depth of the tree | `depthMax` | does not compile |
 * | macros within macros | `macroDepthMax` | does not compile |
 * | arguments of a call | `argumentsMax` | does not compile |
 * | problems in one report | `problemsMax` | the rest is counted |
 * | work of one evaluation | `visitsMax` | an error that no operator absorbs |
 * | length of a text or of bytes that `+` makes | `builtCharsMax`, and the work of making them | an error |
 * | a pattern of `matches` | `patternCharsMax` characters, `patternInstructionsMax` instructions | an error |
 * | text that is read as a number | `numberCharsMax` | an error |
 *
 * Dates and durations have limits of their own in `lib/date.ts` and `lib/duration.ts`.
 */

export const textCharsMax = 64 * 1024;

/** Deeper trees would recurse too far; chains of `&&` and `||` count once. */
export const depthMax = 200;

/** What is nested deeper multiplies without end; the budget would stop it late. */
export const macroDepthMax = 16;

/** cel-js' own; no function takes more than a macro does. */
export const argumentsMax = 32;

/** More than that nobody reads at once. */
export const problemsMax = 20;

/** Elements visited by macros, `in`, `+` on lists, deep equality and long texts; about 50 ms. */
export const visitsMax = 1_000_000;

/** Parts of a macro's body that cost as much as a visit. */
export const bodyNodesPerVisit = 4;

/** A text made by `+` may not outgrow an event. */
export const builtCharsMax = 4 * 1024 * 1024;

/** Characters that are copied, compared or read at the cost of a visit, by what is done with them. */
export const charsPerVisit = { printed: 2, built: 16, converted: 64, compared: 1_024 } as const;

/** Reading the clock of another place asks the tables of time zones. */
export const zoneVisits = 200;
export const zonesMax = 100;

/** Reading a date tries up to ten layouts. */
export const dateVisits = 10;

export const patternCharsMax = 1_000;
export const patternInstructionsMax = 5_000;

/** Instructions of a pattern, looked at for a character, that cost as much as a visit. */
export const regexStepsPerVisit = 6;

/** Longer digits cannot be a 64-bit number, and reading them only costs time. */
export const integerCharsMax = 32;
export const numberCharsMax = 1_000;
