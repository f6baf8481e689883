// The routes whose paths have parameters, as a tree of segments. Of several that match, the first segment in which
// they differ decides: a literal one comes before a parameter, that before `*`, whichever route was added first.

/** The route that a path has led to. */
export interface Found<T> {
  value: T;
  /** The part of the path that stands for each parameter, in order; for `*`, all that follows, without a slash at its end. */
  parts: readonly string[];
}

class Node<T> {
  readonly literals = new Map<string, Node<T>>();
  parameter: Node<T> | undefined = undefined;
  /** Of the route that ends here. */
  value: T | undefined = undefined;
  /** Of the route that ends in `*` behind this segment. */
  rest: T | undefined = undefined;
}

export class RouteTree<T> {
  private readonly root = new Node<T>();

  /** @param shape as route-pattern.ts makes it */
  add(shape: string, value: T): void {
    let node = this.root;
    for (const segment of shape.slice(1).split('/')) {
      if (segment === '*') {
        node.rest = value;
        return;
      }
      if (segment === ':') node = node.parameter ??= new Node();
      else {
        let next = node.literals.get(segment);
        if (next === undefined) node.literals.set(segment, (next = new Node()));
        node = next;
      }
    }
    node.value = value;
  }

  /** @param path in normal form */
  find(path: string): Found<T> | undefined {
    const parts: string[] = [];
    const value = follow(this.root, path, 1, parts);
    return value === undefined ? undefined : { value, parts };
  }
}

/** @param from where the next segment begins; behind the end when there is none */
function follow<T>(node: Node<T>, path: string, from: number, parts: string[]): T | undefined {
  if (from > path.length) {
    if (node.value !== undefined) return node.value;
  } else {
    const slash = path.indexOf('/', from);
    const end = slash < 0 ? path.length : slash;
    const segment = path.slice(from, end);
    const literal = node.literals.get(segment);
    if (literal !== undefined) {
      const value = follow(literal, path, end + 1, parts);
      if (value !== undefined) return value;
    }
    if (node.parameter !== undefined && segment !== '') {
      parts.push(segment);
      const value = follow(node.parameter, path, end + 1, parts);
      if (value !== undefined) return value;
      parts.pop();
    }
  }
  if (node.rest !== undefined) parts.push(path.slice(from, path.endsWith('/') ? -1 : undefined));
  return node.rest;
}
