// Families of metrics: a name, and the series that differ in labels.

/** The values of the labels of a series, by the label's name. */
export type Labels = Readonly<Record<string, string>>;

/** A distribution: how many values are at most each bound. */
export interface Distribution {
  buckets: readonly { le: number; count: number }[];
  count: number;
  sum: number;
}

export interface Series<Value = number> {
  labels: Labels;
  value: Value;
}

interface Described {
  /** The name without the endings that a type demands: `hotpath_requests` has the series `hotpath_requests_total`. */
  name: string;
  /** One sentence without a full stop. */
  help: string;
}

/** A name with its series. `info` is a gauge that is always 1, and tells by its labels. */
export type Family =
  | (Described & { type: 'counter' | 'gauge' | 'info'; series: Series[] })
  | (Described & { type: 'histogram'; series: Series<Distribution>[] });

export function family(
  type: 'counter' | 'gauge' | 'info',
  name: string,
  help: string,
  series: Series[],
): Family {
  return { type, name, help, series };
}

/** A family with one series, which has no labels. */
export function single(type: 'counter' | 'gauge', name: string, help: string, value: number): Family {
  return family(type, name, help, [{ labels: {}, value }]);
}

export function histogram(name: string, help: string, series: Series<Distribution>[]): Family {
  return { type: 'histogram', name, help, series };
}
