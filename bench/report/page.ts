// The report: one HTML file that loads no other resource. Its content security policy forbids every resource
// that the file does not contain.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MEASURES, type Origin, type Results } from '../results.ts';
import type { Bars, Plot } from './charts.ts';
import { FIGURES_COLUMNS, type FiguresTable, type Part, reportData, type Section } from './data.ts';
import type { Engines } from './engines.ts';
import { Html, html, jsonFor } from './html.ts';
import { ENOUGH_ROUNDS } from './statistics.ts';
import { shortCommit } from './store.ts';
import { factsOf } from './summary.ts';
import type { Loss, Tally } from './verdicts.ts';

const UPLOT_SCRIPT = 'node_modules/uplot/dist/uPlot.iife.min.js';
const UPLOT_STYLE = 'node_modules/uplot/dist/uPlot.min.css';
const STYLE = 'bench/report/report.css';
const PLOTS_SCRIPT = 'bench/report/plots.js';

type Place = Pick<Section, 'id' | 'title'>;

const FACTS: Place = { id: 'facts', title: 'in short' };
const ENGINES: Place = { id: 'engines', title: 'WASM and JavaScript' };
const VERDICTS: Place = { id: 'verdicts', title: 'wins, ties and losses' };
const METHOD: Place = { id: 'method', title: 'method' };
const MACHINE: Place = { id: 'machine', title: 'machine' };

export function reportPage(results: Results): string {
  const { engines, tallies, losses, sections } = reportData(results);
  const plots: Plot[] = [];
  const facts = factsOf(results);
  const contents = [
    ...(facts.length > 0 ? [FACTS] : []),
    ...(engines ? [ENGINES] : []),
    ...(tallies.length > 0 ? [VERDICTS] : []),
    ...sections,
    METHOD,
    MACHINE,
  ];
  const body = html`<header>
<h1>hotpath, measured</h1>
<p class="origin">${originOf(results)}</p>
${warningsOf(results).map((text) => html`<p class="warning">${text}</p>`)}
</header>
${contentsHtml(contents)}
<main>
${facts.length > 0 ? factsHtml(facts) : undefined}
${engines && enginesHtml(engines, plots)}
${tallies.length > 0 ? verdictsHtml(tallies, losses) : undefined}
${sections.map((section) => sectionHtml(section, plots))}
${methodHtml()}
${machineHtml(results)}
</main>`;
  return pageHtml(results, body, plots).text;
}

function pageHtml(results: Results, body: Html, plots: readonly Plot[]): Html {
  const scripts = [UPLOT_SCRIPT, PLOTS_SCRIPT].map((path) => readFileSync(path, 'utf8'));
  const style = [UPLOT_STYLE, STYLE].map((path) => readFileSync(path, 'utf8')).join('\n');
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes.join(' ')}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>hotpath, measured: ${shortCommit(results.commit)}, ${results.date.slice(0, 10)}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}
<script type="application/json" id="plots">${jsonFor(plots)}</script>
${scripts.map((script) => html`<script>${new Html(script)}</script>\n`)}</body>
</html>
`;
}

function contentsHtml(places: readonly Place[]): Html {
  return html`<nav aria-label="Contents">
<ul>${places.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>
</nav>`;
}

/** Every second piece between the marks of Markdown is bold. */
function factsHtml(facts: readonly string[]): Html {
  const pieces = (fact: string) =>
    fact.split('**').map((piece, i) => (i % 2 === 1 ? html`<b>${piece}</b>` : html`${piece}`));
  return html`<section id="${FACTS.id}">
<h2>${FACTS.title}</h2>
<ul class="headlines">${facts.map((fact) => html`<li>${pieces(fact)}</li>`)}</ul>
</section>`;
}

function originOf({ date, commit, machine, pace }: Origin): string {
  const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
  const parts = [
    day,
    `commit ${shortCommit(commit)}`,
    `${machine.processor}, ${machine.cores} cores`,
    `Node ${machine.node}`,
  ];
  return [...parts, `${pace} run`].join(' · ');
}

function warningsOf({ pace, dirty, complete }: Results): string[] {
  return [
    pace === 'quick' && 'A quick run: it shows what is measured, and is too short to judge by.',
    !complete && 'The run was interrupted. The report has what was measured until then.',
    dirty && 'The checkout held changes, so the commit alone does not reproduce these figures.',
  ].filter((text) => typeof text === 'string');
}

function enginesHtml({ sentence, parts, rows }: Engines, plots: Plot[]): Html {
  return html`<section id="${ENGINES.id}">
<h2>${ENGINES.title}</h2>
<p class="lead">${sentence}</p>
<p>hotpath has two engines with the same interface that send the same bytes: one is compiled to WebAssembly, the other is plain JavaScript.</p>
${parts.map((part) => partHtml({ ...part, sentences: [] }, plots))}
<details><summary>All figures</summary>
<div class="scroll"><table>
<thead><tr><th>where</th><th>measure</th><th>WASM</th><th>JS</th><th>WASM is</th></tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row">${row.where}</th><td class="text">${row.measure}</td><td>${row.wasm}</td><td>${row.js}</td><td>${row.verdict}</td></tr>`,
  )}</tbody>
</table></div></details>
</section>`;
}

function verdictsHtml(tallies: readonly Tally[], losses: readonly Loss[]): Html {
  return html`<section id="${VERDICTS.id}">
<h2>${VERDICTS.title}</h2>
<p>Each form of hotpath is compared with everything that is not hotpath, under the same conditions and by every measure.</p>
<div class="scroll"><table>
<thead><tr><th>measure</th><th>won</th><th>tied</th><th>lost</th><th>unclear</th></tr></thead>
<tbody>${tallies.map(
    ({ measure, counts }) =>
      html`<tr><th scope="row">${measure}</th><td>${counts.better}</td><td>${counts.tie}</td><td>${counts.worse}</td><td>${counts.unclear}</td></tr>`,
  )}</tbody>
</table></div>
${
  losses.length === 0
    ? html`<p>hotpath lost none of these.</p>`
    : html`<details><summary>Every loss (${losses.length})</summary>
<div class="scroll"><table>
<thead><tr><th>where</th><th>hotpath’s</th><th>lost to</th><th>measure</th><th>by</th></tr></thead>
<tbody>${losses.map(
        (loss) =>
          html`<tr><th scope="row">${loss.where}</th><td class="text">${loss.own}</td><td class="text">${loss.other}</td><td class="text">${loss.measure}</td><td>${loss.factor}</td></tr>`,
      )}</tbody>
</table></div></details>`
}
</section>`;
}

function sectionHtml({ id, title, origin, parts, tables, missing, notes }: Section, plots: Plot[]): Html {
  return html`<section id="${id}">
<h2>${title}</h2>
${origin && html`<p class="quiet">Measured by another run: ${originOf(origin)}</p>`}
${parts.length === 0 ? html`<p>Nothing was measured.</p>` : undefined}
${parts.map((part) => partHtml(part, plots))}
${missing.length > 0 ? html`<p class="quiet">Not measured: ${missing.join('; ')}.</p>` : undefined}
${notes.length > 0 ? html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>` : undefined}
${tables.length > 0 ? html`<details><summary>All figures</summary>${tables.map(figuresHtml)}</details>` : undefined}
</section>`;
}

function partHtml({ title, sentences, blocks }: Part, plots: Plot[]): Html {
  return html`<h3>${title}</h3>
${sentences.map(({ group, text }) => html`<p>${group && html`<b>${group}</b> `}${text}</p>`)}
${blocks.map((block) => (block.kind === 'bars' ? barsHtml(block) : plotHtml(block, plots)))}
`;
}

function barsHtml({ title, better, log, bars }: Bars): Html {
  return html`<figure>
<figcaption>${title} <span class="quiet">${better}${log ? ', logarithmic' : ''}</span></figcaption>
<ul class="bars">${bars.map(
    (bar) => html`<li class="${bar.tone}">
<span class="name">${bar.name}</span>
<span class="track"><span class="bar" style="width:${share(bar.length)}"></span>${bar.range && rangeHtml(bar.range)}</span>
<span class="figure">${bar.figure}</span> <span class="verdict">${bar.note}</span>
</li>`,
  )}</ul>
</figure>`;
}

function rangeHtml({ from, to }: { from: number; to: number }): Html {
  return html`<span class="range" style="left:${share(from)};width:${share(to - from)}"></span>`;
}

/** Writes the place of a plot. The script draws it from its data. */
function plotHtml(plot: Plot, plots: Plot[]): Html {
  const index = plots.push(plot) - 1;
  return html`<figure>
<figcaption>${plot.title} <span class="quiet">${plot.better}${plot.yLog ? ', logarithmic' : ''}</span></figcaption>
<div class="plot" data-plot="${index}" role="img" aria-label="${plot.title}, by ${plot.xLabel}; the figures are in the table below"></div>
</figure>`;
}

function figuresHtml({ title, reference, measures }: FiguresTable): Html {
  const columns = [...FIGURES_COLUMNS, `against ${reference}`];
  return html`<div class="scroll"><table>
<caption>${title}</caption>
<thead><tr><th></th>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
${measures.map(
  (measure) => html`<tbody>
<tr class="measure"><th colspan="${columns.length + 1}" scope="rowgroup">${measure.heading}</th></tr>
${measure.rows.map(
  ({ name, tone, cells }) =>
    html`<tr class="${tone}"><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
)}</tbody>`,
)}
</table></div>`;
}

function methodHtml(): Html {
  return html`<section id="${METHOD.id}">
<h2>${METHOD.title}</h2>
<ul class="notes">
<li>The subjects of a group are measured under the same conditions, in rounds in which they take turns, so that a disturbance of the machine affects all of them alike. Compare only subjects of the same group.</li>
<li>A bar shows the median of the rounds. The thin line on a bar, or through a point of a plot, goes from the least to the most of all rounds. The spread is this range, relative to the median.</li>
<li>A subject is better or worse if it was so in every round: the ranges do not overlap. If they overlap or touch, the result is a tie. Of two equal subjects, this rule calls one better once in 10 cases with three rounds each, once in 126 with five, once in 1716 with seven.</li>
<li>A result is unclear with fewer than ${ENOUGH_ROUNDS} rounds. Requests a second are also unclear if the load client was the limit of the slower server, because then they measure the client. Compare the CPU a request instead.</li>
<li>Factors compare medians: 2.00x better means half the time, or twice the requests a second.</li>
<li>A server’s CPU time is the user and system time of its processes, as the kernel counts it.</li>
<li>Measured: ${Object.values(MEASURES)
    .map(({ label, unit }) => `${label} (${unit === 'us' ? 'µs' : unit})`)
    .join(', ')}.</li>
</ul>
</section>`;
}

function machineHtml({ date, commit, dirty, machine, pace, complete }: Results): Html {
  const rows: [string, string][] = [
    ['processor', `${machine.processor}, ${machine.architecture}`],
    ['cores', String(machine.cores)],
    ['memory', `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['kernel', machine.kernel],
    ['Node', machine.node],
    ['commit', dirty ? `${commit} with changes` : commit],
    ['began', date],
    ['run', complete ? pace : `${pace}, interrupted`],
  ];
  return html`<section id="${MACHINE.id}">
<h2>${MACHINE.title}</h2>
<div class="scroll"><table class="facts"><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td class="text">${value}</td></tr>`,
  )}</tbody></table></div>
</section>`;
}

function share(length: number): string {
  return `${(length * 100).toFixed(2)}%`;
}
