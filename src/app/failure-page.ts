// Answers in development for a handler that has failed: with the stack as text, or as a page for a browser. A server that
// is not in development never loads this file.

import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { Exchange, Head } from '../connection/exchange.ts';
import { mediaRangesOf, weightOf } from '../protocol/media-ranges.ts';
import { type Excerpt, type Frame, type ReportedError, reportOf } from './failure-report.ts';
import { pathOf } from './path.ts';
import { TEXT_FIELDS } from './response-fields.ts';

const STYLE = `
:root { color-scheme: light dark; --ground: #f6f5f3; --paper: #fff; --ink: #211d1a; --faint: #6d655e; --rule: #e3dfda; --alarm: #b3261e; --glow: #fdecea; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161413; --paper: #1f1c1a; --ink: #ece7e2; --faint: #a49a91; --rule: #38332f; --alarm: #ff8a80; --glow: #452420; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; border-top: 4px solid var(--alarm); }
main { max-width: 62rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 3rem) clamp(1rem, 4vw, 2rem); }
pre, code, ol { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875rem; line-height: 1.6; }
.request { margin: 0; color: var(--faint); overflow-wrap: anywhere; }
.request b { color: var(--alarm); }
h1, h2 { margin: .5rem 0 0; font-weight: 600; line-height: 1.3; overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; }
h1 { font-size: clamp(1.25rem, 3.5vw, 1.75rem); }
h2 { font-size: 1.125rem; }
.long { font-size: 1rem; font-weight: 500; }
h1 small, h2 small { display: block; color: var(--alarm); font-size: .9375rem; }
section + section { margin-top: 2.5rem; padding-top: 1.75rem; border-top: 1px solid var(--rule); }
.relation { margin: 0; color: var(--faint); }
figure { margin: 1.25rem 0 0; background: var(--paper); border: 1px solid var(--rule); border-radius: .5rem; overflow: hidden; }
figcaption { padding: .625rem 1rem; border-bottom: 1px solid var(--rule); font-size: .875rem; overflow-wrap: anywhere; }
pre { margin: 0; padding: .5rem 0; overflow-x: auto; tab-size: 4; }
pre code { display: block; width: max-content; min-width: 100%; }
pre span, pre mark { display: block; padding-right: 1rem; border-left: 3px solid transparent; }
pre mark { background: var(--glow); color: inherit; border-color: var(--alarm); }
pre i { display: inline-block; min-width: 3.25rem; padding-right: 1rem; color: var(--faint); font-style: normal; text-align: right; user-select: none; }
pre b { color: var(--alarm); }
ol { margin: 1.25rem 0 0; padding: 0; list-style: none; }
li { padding: .125rem 0 .125rem 1.5rem; text-indent: -1.5rem; color: var(--faint); overflow-wrap: anywhere; }
li.own, summary:hover { color: var(--ink); font-weight: 600; }
details { margin-top: .5rem; color: var(--faint); font-size: .875rem; }
summary { padding: .25rem 0; cursor: pointer; }
details ol { margin-top: 0; }
footer { margin-top: 2.5rem; color: var(--faint); font-size: .875rem; }
`;

/** A message with more characters is no headline. */
const LONG = 160;

const SHARED_FIELDS = 'cache-control: no-store\r\nvary: accept\r\nx-content-type-options: nosniff\r\n';
const PAGE_FIELDS = `content-type: text/html;charset=UTF-8\r\ncontent-security-policy: ${[
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')}\r\n`;

/**
 * Answers with a description of a failure.
 * @param fields more field lines
 * @param answering thrown by the error() of the application, when it answered for `error`
 * @returns false if nothing was sent, since the errors can't be described: their getters throw
 */
export function showFailure(
  exchange: Exchange,
  fields: string,
  error: unknown,
  answering?: { error: unknown },
): boolean {
  const { head } = exchange;
  const request = `${head.method} ${pathOf(head.target)}`;
  const asPage = prefersPage(head);
  let content: string;
  try {
    const errors = reportOf(error, answering);
    content = asPage ? pageOf(request, errors) : textOf(request, errors);
  } catch {
    return false;
  }
  exchange.respond(
    500,
    `${fields}${asPage ? PAGE_FIELDS : TEXT_FIELDS.lines}${SHARED_FIELDS}`,
    content,
    false,
  );
  return true;
}

/** A browser prefers HTML to text. curl and fetch() accept both alike. */
function prefersPage(head: Head): boolean {
  const values: string[] = [];
  for (let i = head.findField('accept'); i >= 0; i = head.findField('accept', i + 1))
    values.push(head.fieldValue(i));
  const ranges = mediaRangesOf(values.join(','));
  return weightOf(ranges, 'text', 'html') > weightOf(ranges, 'text', 'plain');
}

function textOf(request: string, errors: readonly ReportedError[]): string {
  const parts = errors.map(({ relation, name, message, frames, excerpt }) =>
    [
      `${relation === '' ? '' : `${relation}: `}${name}: ${message}`,
      ...frames.map(({ text }) => `    ${text}`),
      ...(excerpt === undefined ? [] : ['', ...excerptLines(excerpt)]),
    ].join('\n'),
  );
  return visible([`500 Internal Server Error at ${request}`, ...parts].join('\n\n')).concat('\n');
}

function excerptLines({ file, line, column, from, lines }: Excerpt): string[] {
  const width = `${from + lines.length - 1}`.length;
  return [
    `  ${shortened(file)}:${line}:${column}`,
    ...lines.flatMap((text, i) => {
      const number = from + i;
      const row = `${number === line ? '>' : ' '} ${`${number}`.padStart(width)} | ${text}`.trimEnd();
      return number === line ? [row, `  ${' '.repeat(width)} | ${beneath(text, column)}^`] : [row];
    }),
  ];
}

/** White space as wide as the text before a column, from 1. */
function beneath(text: string, column: number): string {
  return text.slice(0, column - 1).replace(/[^\t]/g, ' ');
}

function pageOf(request: string, errors: readonly ReportedError[]): string {
  const [first] = errors;
  const title = `${first?.name}: ${first?.message}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title.slice(0, 100))}</title>
<style>${STYLE}</style>
<main>
<p class="request"><b>500</b> <code>${html(request)}</code></p>
${errors.map(sectionOf).join('\n')}
<footer>hotpath shows this page only in development, with <code>--dev</code> or <code>NODE_ENV=development</code>.</footer>
</main>
</html>
`;
}

function sectionOf({ relation, name, message, frames, excerpt }: ReportedError): string {
  const level = relation === '' ? 'h1' : 'h2';
  const size = message.length > LONG ? ' class="long"' : '';
  return `<section>
${relation === '' ? '' : `<p class="relation">${html(relation)}</p>\n`}<${level}${size}><small>${html(name)}</small>${html(message)}</${level}>
${excerpt === undefined ? '' : figureOf(excerpt)}${framesOf(frames)}
</section>`;
}

function figureOf({ file, line, column, from, lines }: Excerpt): string {
  const rows = lines.map((text, i) => {
    const number = from + i;
    if (number !== line) return `<span><i>${number}</i>${html(text)}</span>`;
    const pointer = `<span><i></i>${beneath(text, column)}<b>^</b></span>`;
    return `<mark><i>${number}</i>${html(text)}</mark>${pointer}`;
  });
  return `<figure>
<figcaption><code>${html(`${shortened(file)}:${line}:${column}`)}</code></figcaption>
<pre tabindex="0"><code>${rows.join('')}</code></pre>
</figure>
`;
}

/** The lines behind the last one of the application are folded. */
function framesOf(frames: readonly Frame[]): string {
  const count = frames.findLastIndex(({ own }) => own) + 1 || frames.length;
  const listOf = (some: readonly Frame[]): string =>
    some.length === 0 ? '' : `<ol>\n${some.map(itemOf).join('\n')}\n</ol>`;
  const rest = frames.slice(count);
  return rest.length === 0
    ? listOf(frames)
    : `${listOf(frames.slice(0, count))}
<details><summary>${rest.length} more of Node, hotpath and packages</summary>${listOf(rest)}</details>`;
}

function itemOf({ text, own }: Frame): string {
  return `<li${own ? ' class="own"' : ''}>${html(text)}</li>`;
}

/** The path from the working directory, if it is below. */
function shortened(file: string): string {
  const path = relative('', file);
  return path.startsWith('..') ? file : path;
}

const SPECIAL: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function html(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => SPECIAL[character] as string);
}

/** Characters that move a terminal's cursor, or that change the order of the text. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
