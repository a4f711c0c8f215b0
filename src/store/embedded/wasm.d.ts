/** `import path from '...wasm' with { type: 'file' }` is the file's path, also inside the binary. */
declare module '*.wasm' {
  const path: string;
  export default path;
}
