/**
 * An OpenAPI document as a page for people. One file without scripts and without anything from elsewhere; the
 * browser's own search finds everything, because nothing is folded away from it.
 */

import type { Content, OpenApiDocument, Operation, Parameter } from './document.ts';
import type { JsonSchema } from './json_schema.ts';
import { pageStyle } from './page_style.ts';

export function documentPage(document: OpenApiDocument, jsonUrl: string): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const groups = tags
    .map((tag) => ({
      tag,
      members: operations.filter(({ operation }) => operation.tags.includes(tag)),
    }))
    // What can only be refused is looked up last.
    .sort((a, b) => Number(isRefused(a.members)) - Number(isRefused(b.members)));
  const contents = groups.map(
    ({ tag, members }) =>
      `<li>${escaped(tag)}<ul>${members
        .map(({ operation }) => `<li>${link(`#${operation.operationId}`, operation.summary)}</li>`)
        .join('')}</ul></li>`,
  );
  const sections = groups.map(
    ({ tag, members }) =>
      `<section><h2>${escaped(tag)}</h2>${members
        .map(({ path, method, operation }) => operationHtml(method, path, operation))
        .join('')}</section>`,
  );
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<h3 id="schema-${escaped(name)}">${escaped(name)}</h3>${schemaHtml(schema)}`,
  );
  const { title, version, description } = document.info;
  const servers = document.servers.map(({ url }) => `<code>${escaped(url)}</code>`).join(', ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${pageStyle}</style></head><body>
<header><h1>${escaped(title)} <small>${escaped(version)}</small></h1><p>${prose(description)}</p>
<p>Base: ${servers}. As OpenAPI 3.1: ${link(jsonUrl, jsonUrl)}</p></header>
<nav aria-label="Operations"><ul>${contents.join('')}</ul></nav>
<main>${sections.join('\n')}<section><h2>Schemas</h2>${schemas.join('')}</section></main>
</body></html>
`;
}

function isRefused(members: readonly { readonly operation: Operation }[]): boolean {
  return members.every(({ operation }) =>
    Object.keys(operation.responses).every((status) => !status.startsWith('2')),
  );
}

/** Text with `code` in it. */
function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const isOpen = operation.security !== undefined;
  return `<article id="${escaped(operationId)}"><h3>${escaped(summary)}</h3>
<p class="call"><b class="${escaped(method)}">${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code>${isOpen ? ' <i>needs no key</i>' : ''}</p>
<p>${prose(description)}</p>${parametersHtml(parameters)}${
    requestBody === undefined
      ? ''
      : `<h4>Body${requestBody.required ? '' : ' (optional)'}</h4>${contentHtml(requestBody.content)}`
  }<h4>Answers</h4><dl>${Object.entries(responses)
    .map(
      ([status, response]) =>
        `<dt>${escaped(status)}</dt><dd>${prose(response.description)}${
          Number(status) < 400 ? contentHtml(response.content ?? {}) : ''
        }</dd>`,
    )
    .join('')}</dl></article>`;
}

function parametersHtml(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    ({ name, in: place, description = '', schema }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${escaped(place)}</td><td>${schemaHtml(schema)}</td><td>${prose(description)}</td></tr>`,
  );
  return `<h4>Parameters</h4><table><thead><tr><th>Name</th><th>In</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function contentHtml(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema }]) => `<p class="type">${escaped(type)}</p>${schemaHtml(schema)}`)
    .join('');
}

/** References become links; the rest is the schema as it is. */
function schemaHtml(schema: JsonSchema): string {
  const text = JSON.stringify(schema, null, 2);
  if (!text.includes('\n')) return `<code>${escaped(text)}</code>`;
  const html = escaped(text).replaceAll(
    /#\/components\/schemas\/(\w+)/g,
    (ref, name: string) => `<a href="#schema-${name}">${ref}</a>`,
  );
  const [only, value] = Object.entries(schema)[0] ?? [];
  const isPlain = Object.keys(schema).length === 1 && only === 'type';
  return isPlain ? `<code>${escaped(String(value))}</code>` : `<pre>${html}</pre>`;
}

function link(href: string, text: string): string {
  return `<a href="${escaped(href)}">${escaped(text)}</a>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
