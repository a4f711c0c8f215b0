/** `import text from '...graphql' with { type: 'text' }` is the file's text, also inside the binary. */
declare module '*.graphql' {
  const text: string;
  export default text;
}
