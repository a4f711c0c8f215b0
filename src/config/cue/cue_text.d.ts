/** `import text from '...cue' with { type: 'text' }` is the file's text, also inside the binary. */
declare module '*.cue' {
  const text: string;
  export default text;
}
