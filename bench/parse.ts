// The suite `parse`: one request from bytes to record, by both engines and by Node's own parser.

import { readFileSync } from 'node:fs';
import type { Pace } from './pace.ts';
import { PARSERS, type ParserName } from './parsers.ts';
import type { Summary } from './statistics.ts';
import { figure, percent, type Table, times } from './table.ts';
import { timeSubjects } from './timing.ts';

const NAMES = Object.keys(PARSERS) as ParserName[];

export async function parse(pace: Pace): Promise<Table> {
  const requests: Uint8Array[] = [
    Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n', 'latin1'),
    readFileSync('bench/data/request-703-bytes.http'),
  ];
  const subjects = requests.flatMap((request) => NAMES.map((parser) => ({ parser, request })));
  const summaries = await timeSubjects(subjects, pace);
  const rows = subjects.map(({ parser, request }, i) => row(parser, request, summaries[i] as Summary));
  const notes = requests.map((request, i) => {
    const own = summaries.slice(i * NAMES.length, (i + 1) * NAMES.length);
    return `${request.length} bytes: ${ratio('JS', own)}, ${ratio('llhttp', own)}.`;
  });
  return {
    title: 'parse: one request, call from JavaScript included',
    columns: ['parser', 'bytes', 'ns best', 'ns median', 'spread', 'GB/s'],
    rows,
    notes: [
      ...notes,
      'llhttp also makes the strings of the fields, as node:http pays for; the engines leave offsets.',
    ],
  };
}

function row(parser: ParserName, request: Uint8Array, { best, median, spread }: Summary): string[] {
  const bytes = request.length;
  return [parser, String(bytes), figure(best), figure(median), percent(spread), figure(bytes / median)];
}

/** How many times the WASM engine is as fast as another parser. */
function ratio(name: ParserName, summaries: readonly Summary[]): string {
  const wasm = summaries[NAMES.indexOf('WASM')] as Summary;
  const other = summaries[NAMES.indexOf(name)] as Summary;
  return `WASM over ${name} ${times(other.median / wasm.median)} (best ${times(other.best / wasm.best)})`;
}
