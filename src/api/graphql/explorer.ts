/** A page to try the API with, at `/v0`: it loads nothing from anywhere. */

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The signing key that somebody types stays in the page. */
const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphQL</title>
<style>
:root { color-scheme: light dark; font: 14px system-ui, sans-serif }
body { display: grid; grid-template: auto 1fr / 1fr 1fr; gap: 12px; height: 100vh; margin: 0; padding: 12px; box-sizing: border-box }
header { grid-column: 1 / 3; display: flex; gap: 12px; align-items: center }
textarea, pre { font: 13px ui-monospace, monospace; margin: 0; box-sizing: border-box; width: 100%; border: 1px solid #8886; border-radius: 6px; padding: 8px; overflow: auto; tab-size: 2 }
main { display: grid; grid-template-rows: auto 2fr auto 1fr; gap: 6px; min-height: 0 }
h1 { font-size: 16px; margin: 0; flex: 1 }
</style></head><body>
<header><h1>GraphQL at <code>/v0/gql</code></h1>
<label>Signing key <input id="key" type="password" autocomplete="off" placeholder="not needed in dev"></label>
<button id="run" title="Ctrl+Enter">Run</button></header>
<main><label for="query">Query</label><textarea id="query" spellcheck="false">query Functions {
  functions { id name slug app { name } }
}</textarea>
<label for="variables">Variables</label><textarea id="variables" spellcheck="false">{}</textarea></main>
<pre id="answer" aria-live="polite"></pre>
<script>
const at = (id) => document.getElementById(id);
async function run() {
  at('answer').textContent = 'Running…';
  try {
    const headers = { 'content-type': 'application/json' };
    if (at('key').value) headers.authorization = 'Bearer ' + at('key').value;
    const body = JSON.stringify({ query: at('query').value, variables: JSON.parse(at('variables').value || '{}') });
    const response = await fetch('/v0/gql', { method: 'POST', headers, body });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') || '').includes('json');
    at('answer').textContent = response.status + '\\n' + (isJson ? JSON.stringify(JSON.parse(text), null, 2) : text);
  } catch (error) {
    at('answer').textContent = String(error);
  }
}
at('run').addEventListener('click', run);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
});
</script></body></html>
`;

export function explorerPage(): Response {
  return new Response(page, { headers });
}
