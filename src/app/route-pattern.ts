// The grammar of a route's path. A segment is literal, or `:name`, a parameter, which stands for one segment that is
// not empty; the last one may be `*`, which stands for all that follows, be it nothing. All else is refused, since it
// would mean something else here than where it was written before.

import { escaped } from '../one-line.ts';
import { normalPath } from './path.ts';

/** The name under which a handler finds what `*` stands for. */
const REST = '_';
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
const CONTROL = /[\0-\x1f\x7f]/;

export interface RoutePattern {
  /** The path in normal form, in which each parameter is `:`. Two that are the same match the same paths. */
  readonly shape: string;
  /** Of the parameters, in order, that of `*` among them. Without one the shape is a path. */
  readonly names: readonly string[];
}

/**
 * Reads the path of a route.
 * @throws TypeError that names the route and the fix
 */
export function parsePattern(pattern: string): RoutePattern {
  const problem = pattern.startsWith('/')
    ? problemOf(pattern.slice(1).split('/'))
    : `must begin with a slash: write '/${pattern}'`;
  if (problem !== undefined) throw new TypeError(`route '${escaped(pattern)}' ${problem}`);
  // Dot segments may take some of the segments away.
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
