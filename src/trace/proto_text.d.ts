/** `import text from './name.proto' with { type: 'text' }` gives the file's text. */
declare module '*.proto' {
  const text: string;
  export default text;
}
