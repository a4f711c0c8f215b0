/**
 * Which single characters a piece of a regular expression accepts (RE2 syntax).
 */

/** Accepts a code point or not. */
export type CharTest = (codePoint: number) => boolean;

const range =
  (low: number, high: number): CharTest =>
  (c) =>
    c >= low && c <= high;

export const charRange = range;

export function anyOf(tests: readonly CharTest[]): CharTest {
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (c) => tests.some((test) => test(c));
}

export function not(test: CharTest): CharTest {
  return (c) => !test(c);
}

/** Accepts what the test accepts in any case of the letter. */
export function ignoringCase(test: CharTest): CharTest {
  return (c) => {
    if (test(c)) return true;
    const text = String.fromCodePoint(c);
    const lower = text.toLowerCase();
    const upper = text.toUpperCase();
    // A case change that makes two characters out of one (ß, SS) is not a case fold in RE2.
    return [lower, upper].some((other) => {
      const code = other.codePointAt(0) ?? c;
      return code !== c && String.fromCodePoint(code) === other && test(code);
    });
  };
}

const digit = range(0x30, 0x39);
const upper = range(0x41, 0x5a);
const lower = range(0x61, 0x7a);
const alpha = anyOf([upper, lower]);
const blank: CharTest = (c) => c === 0x20 || c === 0x09;
/** RE2's classes are ASCII. */
const space: CharTest = (c) => c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0c || c === 0x0d;
export const isWordChar = anyOf([digit, alpha, range(0x5f, 0x5f)]);
const graph = range(0x21, 0x7e);

/** `\d`, `\w`, `\s`; the upper-case letter is the complement. */
const perl: ReadonlyMap<string, CharTest> = new Map([
  ['d', digit],
  ['w', isWordChar],
  ['s', space],
]);

const posix: ReadonlyMap<string, CharTest> = new Map([
  ['alnum', anyOf([digit, alpha])],
  ['alpha', alpha],
  ['ascii', range(0, 0x7f)],
  ['blank', blank],
  ['cntrl', anyOf([range(0, 0x1f), range(0x7f, 0x7f)])],
  ['digit', digit],
  ['graph', graph],
  ['lower', lower],
  ['print', range(0x20, 0x7e)],
  ['punct', (c) => graph(c) && !digit(c) && !alpha(c)],
  ['space', anyOf([space, range(0x0b, 0x0b)])],
  ['upper', upper],
  ['word', isWordChar],
  ['xdigit', anyOf([digit, range(0x41, 0x46), range(0x61, 0x66)])],
]);

export function perlClass(letter: string): CharTest | null {
  const test = perl.get(letter.toLowerCase());
  if (test === undefined) return null;
  return letter === letter.toLowerCase() ? test : not(test);
}

/** `[:alpha:]` and `[:^alpha:]`, given the name between the colons. */
export function posixClass(name: string): CharTest | null {
  const test = posix.get(name.replace('^', ''));
  if (test === undefined) return null;
  return name.startsWith('^') ? not(test) : test;
}

/** `\p{Greek}`, `\pL`: general categories and scripts. Null when there is none of that name. */
export function unicodeClass(name: string): CharTest | null {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return null;
  for (const property of [name, `Script=${name}`]) {
    try {
      const pattern = new RegExp(`^\\p{${property}}$`, 'u');
      return (c) => pattern.test(String.fromCodePoint(c));
    } catch {
      // Not a category: it may be a script.
    }
  }
  return null;
}
