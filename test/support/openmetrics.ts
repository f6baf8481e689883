// A strict parser of OpenMetrics 1.0, for the types that hotpath writes: it accepts nothing that the specification's grammar
// or its rules for families forbid.

export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedFamily {
  name: string;
  type: string;
  unit: string | undefined;
  help: string;
  samples: ParsedSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|\+Inf|-Inf|NaN)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/;
const ENDINGS: Record<string, readonly string[]> = {
  counter: ['_total'],
  gauge: [''],
  info: ['_info'],
  histogram: ['_bucket', '_count', '_sum'],
};

/** @throws Error that names the line */
export function parseOpenMetrics(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n# EOF\n') && text !== '# EOF\n') throw new Error('the text must end in # EOF');
  const families = new Map<string, ParsedFamily>();
  let family: ParsedFamily | undefined;
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, keyword = '', name = '', rest = ''] =
      /^# (HELP|TYPE|UNIT) ([^ ]+) (.*)$/.exec(line) ?? (line.startsWith('#') ? fail('no comments') : []);
    if (keyword !== '') {
      if (!NAME.test(name)) fail('no name');
      if (family?.name !== name) {
        if (families.has(name)) fail('a family in two places');
        family = { name, type: '', unit: undefined, help: '', samples: [] };
        families.set(name, family);
      }
      if (family.samples.length > 0) fail('metadata behind samples');
      if (keyword === 'HELP') family.help = unescaped(rest) ?? fail('escapes');
      if (keyword === 'TYPE') family.type = rest in ENDINGS ? rest : fail('unknown type');
      if (keyword === 'UNIT') family.unit = name.endsWith(`_${rest}`) ? rest : fail('unit');
      continue;
    }
    const [, sample = '', braces, number = ''] =
      /^([^ {]+)(\{.*\})? ([^ ]+)$/.exec(line) ?? fail('no sample');
    if (family === undefined || !sample.startsWith(family.name)) return fail('a sample of another family');
    if (!ENDINGS[family.type]?.includes(sample.slice(family.name.length))) fail('wrong ending');
    if (!NUMBER.test(number)) fail('no number');
    const value = Number(number.replace('Inf', 'Infinity'));
    const labels = braces === undefined ? {} : (labelsOf(braces.slice(1, -1)) ?? fail('labels'));
    if (family.type === 'counter' && !(value >= 0)) fail('a counter below 0');
    family.samples.push({ name: sample, labels, value });
  }
  checkNames([...families.values()]);
  for (const each of families.values()) checkFamily(each);
  return families;
}

/** Returns the value of the only sample with this name that has these labels, and perhaps others. */
export function sampleOf(
  families: Map<string, ParsedFamily>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const found = [...families.values()].flatMap(({ samples }) =>
    samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    ),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
  return found[0]?.value;
}

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ''; ) {
    const [whole, name = '', value = ''] = LABEL.exec(rest) ?? [];
    if (whole === undefined || name in labels) return undefined;
    labels[name] = unescaped(value) as string;
    rest = rest.slice(whole.length);
  }
  return labels;
}

function unescaped(text: string): string | undefined {
  if (!/^(?:[^"\\]|\\[\\"n])*$/.test(text)) return undefined;
  return text.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
}

/** No family may have the name of a sample of another one. */
function checkNames(families: ParsedFamily[]): void {
  const seen = new Map<string, string>();
  for (const { name, type } of families)
    for (const ending of new Set(['', ...(ENDINGS[type] ?? [])])) {
      const other = seen.get(name + ending);
      if (other !== undefined) throw new Error(`${name} and ${other} have the same names`);
      seen.set(name + ending, name);
    }
}

function checkFamily({ name, type, samples }: ParsedFamily): void {
  if (type === '') throw new Error(`${name} has no type`);
  const keys = samples.map(({ name: sample, labels }) => `${sample} ${keyOf(labels)}`);
  if (new Set(keys).size < keys.length) throw new Error(`${name} has a series twice`);
  if (type !== 'histogram') return;
  const groups: [string, ParsedSample[]][] = [];
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = keyOf(labels);
    if (groups.at(-1)?.[0] !== key) groups.push([key, []]);
    groups.at(-1)?.[1].push(sample);
  }
  if (new Set(groups.map(([key]) => key)).size < groups.length) throw new Error(`${name} is not in groups`);
  for (const [, group] of groups) checkHistogram(name, group);
}

function checkHistogram(name: string, group: ParsedSample[]): void {
  const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
  const of = (ending: string): number | undefined =>
    group.find((sample) => sample.name === name + ending)?.value;
  if (buckets.at(-1)?.labels.le !== '+Inf') throw new Error(`${name}: no bucket of all`);
  if (of('_count') !== buckets.at(-1)?.value || of('_sum') === undefined)
    throw new Error(`${name}: count or sum`);
  buckets.forEach(({ labels: { le = '' }, value }, i) => {
    if (!/^(?:\d+\.\d+|\d(?:\.\d+)?e[+-]\d\d|\+Inf)$/.test(le)) throw new Error(`${name}: le=${le}`);
    const before = buckets[i - 1];
    if (before !== undefined && !(before.value <= value && Number(before.labels.le) < bound(le)))
      throw new Error(`${name}: buckets go back`);
  });
}

function bound(le: string): number {
  return Number(le.replace('+Inf', 'Infinity'));
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
