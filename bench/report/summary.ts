// Writes the results for README.md: three facts, and one short table of servers. The long tables are in
// bench/README.md.

import type { Group, MeasureName, Results, SubjectResult, SuiteName } from '../results.ts';
import { compareSubjects, summaryOf } from './comparison.ts';
import { figure, scaleFor, times } from './figures.ts';
import { cellMarkdown, originsOf, row } from './markdown.ts';

const BASE = '64 connections, wrk';
const ONE_SHOT = 'a connection a request, ab';
const KEEP_ALIVE = 'keep-alive, 64 connections';

/** The columns of the short table: the name shown, and the names in the results. */
const SERVERS: readonly (readonly [shown: string, ...names: string[]])[] = [
  ['nginx, fixed response', 'nginx'],
  ['**hotpath, counted response**', 'hotpath wasm'],
  ['**hotpath, fetch handler**', 'hotpath fetch'],
  ['Bun, fetch handler', 'Bun'],
  ['Hono on @hono/node-server', 'hono on node-server'],
  ['node:http, node:https', 'node:http', 'node:https'],
];

/** The rows, each once for each measure. */
const LOADS: readonly (readonly [shown: string, suite: SuiteName, group: string])[] = [
  ['64 connections', 'server', BASE],
  ['a connection a request (`ab`)', 'accept', ONE_SHOT],
  ['HTTPS, 64 connections', 'tls', KEEP_ALIVE],
];

const MEASURED: readonly (readonly [heading: string, measure: MeasureName])[] = [
  ['requests a second', 'requestsPerSecond'],
  ['server CPU a request, µs', 'cpuMicros'],
];

const REPEAT = '`npm run bench:peers && npm run bench -- server accept tls`';

/** Writes three facts, with Markdown's bold type. A fact whose subjects were not all measured is left out. */
export function factsOf(results: Results): string[] {
  return [loadFact(results), stateFact(results), parseFact(results)].filter((fact) => fact !== undefined);
}

export function factsMarkdown(results: Results): string {
  return factsOf(results)
    .map((fact) => `- ${fact}`)
    .join('\n');
}

/**
 * Writes the servers at the base point of their suite, with a connection for each request and over HTTPS, with the
 * machine and the command that measures them again.
 */
export function shortTableMarkdown(results: Results): string {
  if (groupOf(results, 'server', BASE) === undefined) return 'No figures yet.';
  const loads = LOADS.flatMap(([load, suite, name]) => {
    const group = groupOf(results, suite, name);
    return group === undefined ? [] : [{ load, suite, group }];
  });
  const rows = loads.flatMap(({ load, group }) =>
    MEASURED.map(([heading, measure]) => ({ heading: `${load}: ${heading}`, group, measure })),
  );
  const columns = SERVERS.map(([shown, ...names]) => ({
    shown,
    cells: rows.map(({ group, measure }) => {
      const subject = group.subjects.find(({ name }) => names.includes(name));
      return subject === undefined ? '' : cellMarkdown(group, subject, measure, 1);
    }),
  })).filter(({ cells }) => cells.some((cell) => cell !== ''));
  return [
    row(['one worker on one core', ...columns.map(({ shown }) => shown)]),
    `|---|${columns.map(() => '--:|').join('')}`,
    ...rows.map(({ heading }, i) => row([heading, ...columns.map(({ cells }) => cells[i] as string)])),
    '',
    `${originsOf(
      results,
      loads.map(({ suite }) => suite),
    )} Medians of rounds in which the servers take turns; in brackets, how many times the figure of hotpath's counted response; a tie if the rounds overlap; unclear if the load client was the limit of the slower server. To repeat it: ${REPEAT}. [All figures](bench/README.md), with every loss.`,
  ].join('\n');
}

function loadFact(results: Results): string | undefined {
  const group = groupOf(results, 'server', BASE);
  const [prepared, fetch] = subjectsOf(group, ['hotpath wasm', 'hotpath fetch']);
  const [nodeHttp, nginx] = subjectsOf(group, ['node:http', 'nginx']);
  if (!prepared || !fetch || !nodeHttp || !nginx) return undefined;
  return [
    `**${medianText(fetch, 'requestsPerSecond')} requests a second from a fetch handler on one core**, ${against(fetch, nodeHttp)};`,
    `${medianText(prepared, 'requestsPerSecond')} from a counted response, ${against(prepared, nginx)}.`,
  ].join(' ');
}

function stateFact(results: Results): string | undefined {
  const [add, increment] = subjectsOf(groupOf(results, 'state', 'counting by 1'), [
    'counter.add()',
    'Redis, INCR',
  ]);
  const [take, window] = subjectsOf(groupOf(results, 'state', 'one decision of a rate limit'), [
    'limiter.take(), one key',
    'Redis, INCR of a window',
  ]);
  if (!add || !increment || !take || !window) return undefined;
  return [
    `**${medianText(add, 'nanoseconds')} to add to a counter that all threads share, ${medianText(take, 'nanoseconds')} to decide a rate limit.**`,
    `The same through Redis on the same machine takes ${medianText(increment, 'nanoseconds')} and ${medianText(window, 'nanoseconds')}.`,
  ].join(' ');
}

function parseFact(results: Results): string | undefined {
  const [wasm, llhttp] = subjectsOf(groupOf(results, 'parse', '703 bytes'), ['WASM engine', 'llhttp (Node)']);
  if (!wasm || !llhttp) return undefined;
  return `**${medianText(wasm, 'nanoseconds')} to parse a browser's request of 703 bytes**; Node's own parser takes ${medianText(llhttp, 'nanoseconds')}.`;
}

/** Writes how a server's requests a second compare: `2.39 times node:http`, or `a tie with nginx`. */
function against(subject: SubjectResult, other: SubjectResult): string {
  const comparison = compareSubjects(subject, other, 'requestsPerSecond');
  if (comparison?.verdict === 'tie') return `a tie with ${other.name}`;
  if (comparison === undefined || comparison.verdict === 'unclear') return `no verdict against ${other.name}`;
  return `${times(comparison.ratio).replace('x', '')} times ${other.name}`;
}

/** Writes a median with its unit, in the unit that reads best. */
function medianText(subject: SubjectResult, measure: MeasureName): string {
  const median = summaryOf(subject, measure)?.median ?? Number.NaN;
  const { unit, per } = scaleFor(measure, [median]);
  return unit === '1/s' ? figure(median) : `${figure(median / per)} ${unit}`;
}

function groupOf({ suites }: Results, suite: SuiteName, name: string): Group | undefined {
  return suites.find((one) => one.name === suite)?.groups.find((group) => group.name === name);
}

function subjectsOf(group: Group | undefined, names: readonly string[]): (SubjectResult | undefined)[] {
  return names.map((name) => group?.subjects.find((subject) => subject.name === name));
}
