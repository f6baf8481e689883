// The report without a browser: its data, and its page, which has all results and loads no other resource.

import { describe, expect, it } from 'vitest';
import type { Bars, Plot } from '../../bench/report/charts.ts';
import { sentenceOf } from '../../bench/report/comparison.ts';
import { reportData } from '../../bench/report/data.ts';
import { html, jsonFor } from '../../bench/report/html.ts';
import { reportPage } from '../../bench/report/page.ts';
import type { Group, Results, SubjectResult, SuiteResult } from '../../bench/results.ts';
import { fixture, HOSTILE } from './fixture.ts';

const RESULTS = fixture();
const PAGE = reportPage(RESULTS);
const DATA = reportData(RESULTS);

function section(name: string) {
  return DATA.sections.find(({ id }) => id === name)!;
}

/** All charts of a suite, with the name of the group or axis that they show. */
function charts(name: string): [title: string, chart: Bars | Plot][] {
  return section(name).parts.flatMap(({ title, blocks }) =>
    blocks.map((block): [string, Bars | Plot] => [`${title}: ${block.title}`, block]),
  );
}

function plots(name: string): Plot[] {
  return charts(name)
    .map(([, chart]) => chart)
    .filter((chart) => chart.kind === 'plot');
}

function bars(name: string): Bars[] {
  return charts(name)
    .map(([, chart]) => chart)
    .filter((chart) => chart.kind === 'bars');
}

/** Results with a single group. */
function only(group: Partial<Group>, subjects: SubjectResult[]): Results {
  const whole: Group = {
    name: 'group',
    reference: 'a',
    measure: 'cpuMicros',
    subjects,
    missing: [],
    ...group,
  };
  const suite: SuiteResult = { name: 'server', title: 'Servers', groups: [whole], notes: [] };
  return fixture({ suites: [suite] });
}

describe('the report’s data', () => {
  it('has a section for each suite, with a sentence for each group', () => {
    expect(DATA.sections.map(({ id }) => id)).toEqual(RESULTS.suites.map(({ name }) => name));
    for (const { name, groups } of RESULTS.suites) {
      const said = section(name).parts.flatMap(({ title, sentences }) =>
        sentences.map(({ group, text }) => [group ?? title, text]),
      );
      expect(said.sort()).toEqual(groups.map((group) => [group.name, sentenceOf(group)]).sort());
    }
  });

  it('has every figure in a table', () => {
    for (const { name, groups } of RESULTS.suites)
      for (const [i, { subjects }] of groups.entries()) {
        const { measures } = section(name).tables[i]!;
        const measured = measures.filter(({ heading }) => heading !== 'limited by');
        const count = subjects.reduce((sum, subject) => sum + Object.keys(subject.measures).length, 0);
        expect(measured.flatMap(({ rows }) => rows)).toHaveLength(count);
      }
  });

  it('compares the two engines first, wherever both were measured', () => {
    expect(DATA.engines?.sentence).toBe(
      'Of 6 comparisons of the two engines, WASM wins 5, ties in 1 and loses 0.',
    );
    expect(DATA.engines?.rows[0]).toEqual({
      where: 'parse, 40 bytes',
      measure: 'time a call, ns',
      wasm: '27.7',
      js: '96.9',
      verdict: '3.50x better',
    });
    const [first, second] = DATA.engines!.parts;
    const [plot] = first!.blocks as Plot[];
    expect(first!.title).toBe('By bytes of the request');
    expect(plot!.lines.map(({ name, tone }) => [name, tone])).toEqual([
      ['WASM engine', 'own'],
      ['JS engine', 'own-js'],
    ]);
    expect((second!.blocks as Bars[])[0]!.bars.map(({ note }) => note)).toEqual(['3.50x better', '']);
    expect(reportData(only({}, [])).engines).toBeUndefined();
  });

  it('names no winner of unclear comparisons of the engines', () => {
    const one = (name: string, value: number): SubjectResult => ({
      name,
      ours: true,
      measures: { cpuMicros: [value] },
    });
    const { engines } = reportData(only({}, [one('hotpath wasm', 1), one('hotpath js', 2)]));
    expect(engines?.sentence).toBe('None of the comparisons of the two engines is clear.');
  });

  it('draws throughput, CPU and latency of the servers', () => {
    const titles = charts('server').map(([title]) => title);
    for (const title of [
      '64 connections, wrk: requests a second',
      '64 connections, wrk: server CPU a request, µs',
      '64 connections, wrk: latency, ms',
      'heads of 703 bytes: requests a second',
      'By connections: requests a second',
      'By connections: server CPU a request, µs',
      'By connections: latency p99, ms',
    ])
      expect(titles).toContain(title);
  });

  it('draws a bar up to the median, and the range from least to most', () => {
    const results = only({ reference: 'a' }, [
      { name: 'a', ours: true, measures: { cpuMicros: [5, 4, 6] } },
      { name: 'b', ours: false, measures: { cpuMicros: [10, 20, 16] } },
    ]);
    const [drawn] = reportData(results).sections[0]!.parts[0]!.blocks as [Bars];
    expect(drawn.better).toBe('less is better');
    expect(drawn.bars).toEqual([
      { name: 'a', tone: 'own', length: 0.25, range: { from: 0.2, to: 0.3 }, figure: '5.00', note: '' },
      {
        name: 'b',
        tone: 'other',
        length: 0.8,
        range: { from: 0.5, to: 1 },
        figure: '16.0',
        note: '3.20x worse',
      },
    ]);
  });

  it('draws bars whose values span decades on a logarithmic scale', () => {
    const results = only({ reference: 'a' }, [
      { name: 'a', ours: true, measures: { cpuMicros: [2] } },
      { name: 'b', ours: false, measures: { cpuMicros: [16] } },
      { name: 'c', ours: false, measures: { cpuMicros: [64] } },
    ]);
    const [drawn] = reportData(results).sections[0]!.parts[0]!.blocks as [Bars];
    expect(drawn.bars.map(({ length }) => Math.round(length * 60))).toEqual([10, 40, 60]);
    expect(reportPage(results)).toContain('less is better, logarithmic');
  });

  it('begins with contents that lead to every section, and with the headline figures', () => {
    const page = reportPage(fixture());
    const links = [...page.matchAll(/<a href="#([^"]+)">/g)].map(([, id]) => id);
    expect(links).toEqual([...page.matchAll(/<section id="([^"]+)">/g)].map(([, id]) => id));
    expect(links.slice(-2)).toEqual(['method', 'machine']);
    expect(new Set(links).size).toBe(links.length);
  });

  it('draws no range of a single round', () => {
    const results = only({}, [{ name: 'a', ours: true, measures: { cpuMicros: [5] } }]);
    expect((reportData(results).sections[0]!.parts[0]!.blocks as [Bars])[0].bars[0]!.range).toBeUndefined();
    expect(reportPage(results)).not.toContain('class="range"');
  });

  it('marks a bar if the load client was the limit', () => {
    const notes = bars('server')[0]!.bars.map(({ name, note }) => [name, note]);
    expect(notes).toContainEqual(['uWebSockets.js', 'unclear, client at its limit']);
  });

  it('draws lines over sizes, threads and connections, but no line for a single point', () => {
    const [bytes] = plots('parse');
    expect(bytes).toMatchObject({
      x: [40, 703, 2300],
      xNames: ['40', '703', '2.3k'],
      xLog: true,
      yLog: true,
    });
    expect(bytes!.lines).toHaveLength(5);
    const [, byConnections] = charts('server').find(([title]) => title.startsWith('By connections')) as [
      string,
      Plot,
    ];
    expect(byConnections.x).toEqual([1, 10, 64, 256]);
    expect(byConnections.lines.map(({ name }) => name)).toEqual(['hotpath wasm', 'node:http', 'nginx']);
    expect(charts('counter').map(([title]) => title)).toContain('By threads: updates lost, %');
    expect(charts('connections').map(([title]) => title)).toContain('By connections: peak memory, MiB');
  });

  it('draws one line through a group that is an axis by itself', () => {
    expect(plots('scale')[0]).toMatchObject({
      x: [1, 2, 4],
      xLabel: 'workers',
      lines: [{ name: 'hotpath' }],
    });
  });

  it('leaves a gap if a line lacks a point', () => {
    const at = (name: string, value: number): SubjectResult => ({
      name,
      ours: true,
      measures: { cpuMicros: [value] },
      at: value,
    });
    const results = only({}, []);
    const group = (subjects: SubjectResult[], name: string): Group => ({
      ...results.suites[0]!.groups[0]!,
      name,
      subjects,
    });
    results.suites[0]!.groups = [
      group([at('a', 1), at('b', 1)], '1'),
      group([at('a', 2)], '2'),
      group([at('a', 3), at('b', 3)], '3'),
    ];
    const [, along] = reportData(results).sections[0]!.parts;
    const [plot] = along!.blocks as [Plot];
    expect(plot.lines.map(({ values }) => values)).toEqual([
      [1, 2, 3],
      [1, null, 3],
    ]);
  });

  it('draws the ladder as bars, in the order of its rungs', () => {
    expect(bars('ladder')[0]!.bars.map(({ name }) => name)).toEqual(['echo', 'fixed reply', 'parse', 'full']);
  });

  it('counts wins, ties and losses alike, and names every loss', () => {
    for (const { counts } of DATA.tallies) expect(Object.values(counts).every(Number.isInteger)).toBe(true);
    const lost = DATA.tallies.reduce((sum, { counts }) => sum + counts.worse, 0);
    expect(lost).toBeGreaterThan(0);
    expect(DATA.losses).toHaveLength(lost);
    expect(DATA.losses).toContainEqual({
      where: 'counter, 1 thread',
      own: 'counterAdd, 64 bits',
      other: 'unprotected',
      measure: 'time a call',
      factor: '10.2x',
    });
  });

  it('names the subjects that were not measured, and accepts an empty suite', () => {
    expect(section('server').missing).toEqual(['Bun: not installed']);
    const empty: SuiteResult = { name: 'scale', title: 'Scaling', groups: [], notes: [] };
    expect(reportPage(fixture({ suites: [empty] }))).toContain('Nothing was measured.');
    expect(reportPage(fixture({ suites: [] }))).toContain('<h2>machine</h2>');
  });

  it('accepts subjects without values', () => {
    const none: SubjectResult = { name: 'none', ours: true, measures: { cpuMicros: [] } };
    const some: SubjectResult = { name: 'a', ours: true, measures: { cpuMicros: [1], serverBusy: [] } };
    expect(reportPage(only({}, [none]))).not.toMatch(/NaN|Infinity/);
    expect(reportPage(only({}, [none, some])).split('<script')[0]).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('the report’s page', () => {
  it('names every subject, group, note and missing subject', () => {
    const text = PAGE.slice(0, PAGE.indexOf('<script'));
    const escaped = (name: string) => html`${name}`.text;
    for (const { title, notes, groups } of RESULTS.suites) {
      for (const words of [title, ...notes]) expect(text).toContain(escaped(words));
      for (const { name, missing, subjects } of groups)
        for (const words of [name, ...missing, ...subjects.map((one) => one.name)])
          expect(text).toContain(escaped(words));
    }
  });

  it('has the machine, the method and the commit', () => {
    for (const words of [
      'AMD EPYC 7B13',
      'Linux 6.1.0',
      'v20.20.2',
      RESULTS.commit,
      '8.0 GiB',
      '<h2>method</h2>',
    ])
      expect(PAGE).toContain(words);
  });

  it('warns of a quick, interrupted or changed run, and of no other', () => {
    const warned = reportPage(fixture({ pace: 'quick', complete: false, dirty: true }));
    expect(warned.match(/class="warning"/g)).toHaveLength(3);
    expect(PAGE).not.toContain('class="warning"');
  });

  it('names the run of a suite that another run measured', () => {
    const { format: _, suites: __, ...origin } = fixture({ commit: 'abcdef0123' });
    const [first, ...suites] = RESULTS.suites;
    const page = reportPage(fixture({ suites: [{ ...first!, origin }, ...suites] }));
    expect(page.match(/Measured by another run: [^<]*commit abcdef0 /g)).toHaveLength(1);
    expect(PAGE).not.toContain('another run');
  });

  it('loads no other resource', () => {
    // Links within the page load nothing.
    const markup = PAGE.replace(/<(script|style)\b.*?<\/\1>/gs, '').replace(/<a href="#[\w-]+">/g, '');
    expect(markup).not.toMatch(/<(link|img|iframe|object|embed|base|form|a)\b/i);
    expect(markup).not.toMatch(/<[^>]*\s(src|href|action|srcset|background)\s*=/i);
    expect(PAGE).not.toMatch(/<script[^>]*\ssrc/i);
    expect(PAGE).not.toMatch(/@import|url\(|\bimport\s*\(|fetch\(|XMLHttpRequest|WebSocket\(/);
  });

  it('forbids to load anything, and to run foreign scripts', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(PAGE)?.[1];
    const hash = '&#39;sha256-[A-Za-z0-9+/=]{44}&#39;';
    expect(policy).toMatch(
      new RegExp(
        `^default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; script-src ${hash} ${hash}$`,
      ),
    );
  });

  it('escapes names, in text and in data', () => {
    expect(PAGE).not.toContain('<img');
    expect(PAGE).toContain('&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; others');
    // One for data and two for code: no other was opened or ended.
    expect(PAGE.match(/<script/g)).toHaveLength(3);
    expect(PAGE.match(/<\/script/g)).toHaveLength(3);
  });

  it('has data for every place of a plot', () => {
    const data = /<script type="application\/json" id="plots">(.*?)<\/script>/s.exec(PAGE)?.[1] ?? '';
    const indices = [...PAGE.matchAll(/data-plot="(\d+)"/g)].map(([, index]) => Number(index));
    expect(indices).toEqual((JSON.parse(data) as Plot[]).map((_, i) => i));
    expect(indices.length).toBeGreaterThan(5);
  });

  it('is the same for the same results', () => {
    expect(reportPage(fixture())).toBe(PAGE);
  });
});

describe('html', () => {
  it('escapes text, and leaves HTML and lists of it', () => {
    const inner = html`<b>${'<&>"\''}</b>`;
    expect(html`<p title="${'"'}">${[inner, 1, undefined]}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;&amp;&gt;&quot;&#39;</b>1</p>',
    );
  });

  it('writes data that cannot end the script element and is unchanged when read', () => {
    const data = { name: HOSTILE, comment: '<!-- <script>' };
    expect(jsonFor(data).text).not.toContain('<');
    expect(JSON.parse(jsonFor(data).text)).toEqual(data);
  });
});
