// The metrics of the application: its named state, under the application's own names. Names that no metric can have are
// mapped, and no two kinds of state ever share a family, whatever the application calls them.

import { bucketsOf, type StateValue } from '../state/inspect.ts';
import { partsOf } from '../state/labels.ts';
import { type Buckets, bucketOf } from '../wasm/state/histogram.ts';
import { OWN_PREFIX } from '../wasm/state/names.ts';
import { type Distribution, type Family, family, histogram, type Labels } from './families.ts';

/** 1, 2.5 and 5 of each power of ten from a microsecond to a gigabyte. They are fixed: sums over servers need equal bounds. */
const BOUNDS = Array.from({ length: 15 }, (_, i) => i - 6)
  .flatMap((power) => [1, 2.5, 5].map((digits) => Number(`${digits}e${power}`)))
  .concat(1e9);
const BUCKET_OF_BOUND = BOUNDS.map(bucketOf);

/** Kinds in the order in which they get names. */
const KINDS: readonly StateValue['kind'][] = ['counter', 'histogram', 'gauge', 'limiter', 'mutex'];
/** The endings of the names of metrics, by the type of their family. */
const ENDINGS: Record<Family['type'], readonly string[]> = {
  counter: ['', '_total'],
  gauge: [''],
  info: ['', '_info'],
  histogram: ['', '_bucket', '_count', '_sum'],
};

/** Returns the metrics of all names but the server's own. */
export function stateFamilies(state: readonly StateValue[]): Family[] {
  const families = new Families();
  for (const kind of KINDS)
    for (const one of state)
      if (one.kind === kind && !one.name.startsWith(OWN_PREFIX)) addState(families, one);
  return families.all;
}

function addState(families: Families, one: StateValue): void {
  const from = sourceOf(one);
  const { base, told } = from;
  switch (one.kind) {
    case 'counter':
      families.add('counter', base.replace(/_total$/, ''), `Counter ${told}`, from, one.value);
      if (one.leased === undefined) break;
      families.add(
        'gauge',
        `${base}_leased_numbers`,
        `Numbers of counter ${told} that are leased, and not handed out`,
        from,
        one.leased.available,
      );
      families.add(
        'counter',
        `${base}_missed_numbers`,
        `Numbers of counter ${told} that were asked for while too few were leased`,
        from,
        one.leased.missed,
      );
      break;
    case 'gauge':
      families.add('gauge', base, `Gauge ${told}`, from, one.value);
      break;
    case 'histogram':
      families.add('histogram', base, `Histogram ${told}`, from, distributionOf(bucketsOf(one.name)));
      break;
    case 'limiter':
      families.add(
        'counter',
        `${base}_allowed`,
        `Takes that limiter ${told} allowed`,
        from,
        one.value.allowed,
      );
      families.add(
        'counter',
        `${base}_refused`,
        `Takes that limiter ${told} refused`,
        from,
        one.value.refused,
      );
      families.add(
        'gauge',
        `${base}_keys`,
        `Keys that have used some of their limit in limiter ${told}`,
        from,
        one.value.keys,
      );
      families.add('gauge', `${base}_limit`, `The limit in force of limiter ${told}`, from, one.value.limit);
      break;
    case 'mutex':
      families.add(
        'gauge',
        `${base}_locked`,
        `1 while mutex ${told} is locked`,
        from,
        Number(one.value.locked),
      );
      families.add(
        'gauge',
        `${base}_contended`,
        `1 while threads may wait for mutex ${told}`,
        from,
        Number(one.value.contended),
      );
  }
}

/** Where series come from. */
interface Source {
  stored: string;
  kind: StateValue['kind'];
  /** The name as a metric can have it. */
  base: string;
  /** The name as the application has it, in quotes. */
  told: string;
  labels: Labels;
}

function sourceOf({ name: stored, kind }: StateValue): Source {
  const { name, labels } = partsOf(stored);
  const valid = name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
  const base = /^(hotpath|process)_/.test(valid) ? `app_${valid}` : valid;
  // A mapped name always has the label, so that a series stays the same when another name is mapped alike.
  const mapped = valid === name ? {} : { [freeLabel(labels)]: name };
  return { stored, kind, base, told: `'${name}'`, labels: { ...labels, ...mapped } };
}

function freeLabel(labels: Labels): string {
  let label = 'name';
  while (label in labels) label = `${label}_`;
  return label;
}

/** Families that are being filled. */
class Families {
  private readonly made = new Map<string, Family>();
  /** The names of series, by the family that has them. */
  private readonly taken = new Map<string, string>();
  private readonly seen = new Set<string>();

  get all(): Family[] {
    return [...this.made.values()];
  }

  add(
    type: 'counter' | 'gauge' | 'histogram',
    name: string,
    help: string,
    { stored, kind, labels }: Source,
    value: number | Distribution,
  ): void {
    const known = this.familyFor(type, `${kind} ${name}`, name, help);
    let unique = labels;
    // `hits` and `hits_total` are the same metric.
    while (this.seen.has(keyOf(known, unique))) unique = { ...unique, [freeLabel(unique)]: stored };
    this.seen.add(keyOf(known, unique));
    (known.series as { labels: Labels; value: number | Distribution }[]).push({ labels: unique, value });
  }

  /** Returns the family of this kind of state with this name, or one beside it if another kind has the name. */
  private familyFor(
    type: 'counter' | 'gauge' | 'histogram',
    key: string,
    name: string,
    help: string,
  ): Family {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    let free = name;
    for (let i = 2; ENDINGS[type].some((ending) => this.taken.has(free + ending)); i++) free = `${name}_${i}`;
    for (const ending of ENDINGS[type]) this.taken.set(free + ending, key);
    const made = type === 'histogram' ? histogram(free, help, []) : family(type, free, help, []);
    this.made.set(key, made);
    return made;
  }
}

function keyOf({ name }: Family, labels: Labels): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Counts by the bounds. A bound counts as a value does, so what is up to 3 % above it may count, too. */
function distributionOf({ counts, count, sum }: Buckets): Distribution {
  let bucket = 0;
  let atMost = 0;
  const buckets = BOUNDS.map((le, i) => {
    while (bucket <= (BUCKET_OF_BOUND[i] as number)) atMost += counts[bucket++] as number;
    return { le, count: atMost };
  });
  return { buckets, count, sum };
}
