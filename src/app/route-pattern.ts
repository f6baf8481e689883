// The grammar of a route's path. A segment is literal, or a parameter `:name`, which matches one non-empty segment. The
// last segment may be `*`, which matches everything that follows, even nothing. All else is rejected, since routes that
// were written for another router would match other paths here.

import { escaped } from '../one-line.ts';
import { normalPath } from './path.ts';

/** The name of the parameter for `*`. */
const REST = '_';
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
const CONTROL = /[\0-\x1f\x7f]/;

export interface RoutePattern {
  /** The path in normal form, with each parameter as `:`. Patterns of the same shape match the same paths. */
  readonly shape: string;
  /** The names of the parameters, in order, including that of `*`. When there are none, the shape is a path. */
  readonly names: readonly string[];
}

/**
 * Parses the path of a route.
 * @throws TypeError that names the route and says how to mend it
 */
export function parsePattern(pattern: string): RoutePattern {
  const problem = pattern.startsWith('/')
    ? problemOf(pattern.slice(1).split('/'))
    : `must begin with a slash: write '/${pattern}'`;
  if (problem !== undefined) throw new TypeError(`route '${escaped(pattern)}' ${problem}`);
  // Dot segments may remove some of the segments.
  const segments = normalPath(pattern.replaceAll(' ', '%20')).split('/');
  const names: string[] = [];
  const shape = segments.map((segment) => {
    if (segment === '*') names.push(REST);
    if (!segment.startsWith(':')) return segment;
    names.push(segment.slice(1));
    return ':';
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TypeError(
      `route '${pattern}' has two parameters named '${twice}'${twice === REST ? ", as * is named '_'" : ''}: rename one`,
    );
  return { shape: shape.join('/'), names };
}

function problemOf(segments: readonly string[]): string | undefined {
  for (const [i, segment] of segments.entries()) {
    const problem = problemOfSegment(segment, i === segments.length - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfSegment(segment: string, last: boolean): string | undefined {
  if (segment === '*')
    return last ? undefined : "may have a '*' only as its last segment: write ':name' for one in the middle";
  if (segment.startsWith(':') && NAME.test(segment.slice(1))) return undefined;
  const shown = escaped(segment);
  if (/^:[^:]*\?$/.test(segment))
    return `has the optional parameter '${shown}': write two routes, one without it`;
  if (segment.startsWith(':'))
    return `has the segment '${shown}': a parameter is ':' and a name of letters, digits and '_', such as ':id', and nothing else`;
  if (segment.includes('*'))
    return `has the segment '${shown}': write '*' alone, as the last segment, for all that follows`;
  if (/[?#]/.test(segment))
    return 'must be a path: leave out what begins with ? or #, which no route looks at';
  if (/[(){}]/.test(segment))
    return `has the segment '${shown}': write a route for each choice, since ( ) { } mean nothing here`;
  if (segment.includes(':'))
    return `has the segment '${shown}': a parameter is a whole segment, such as ':id'; answer this path in fetch`;
  if (segment.includes('\\')) return "must not have a backslash: write '/' between segments";
  if (CONTROL.test(segment)) return 'must not have a control character: leave it out';
  return undefined;
}
