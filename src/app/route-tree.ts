// The routes whose paths have parameters, as a tree of segments. When several routes match a path, the first segment in
// which they differ decides: a literal wins over a parameter, and a parameter over `*`, in whatever order they were added.

/** The route that matches a path. */
export interface Found<T> {
  value: T;
  /** The value of each parameter, in order. The value of `*` is the rest of the path without a slash at its end. */
  parts: readonly string[];
}

class Node<T> {
  readonly literals = new Map<string, Node<T>>();
  parameter: Node<T> | undefined = undefined;
  /** The value of the route that ends here. */
  value: T | undefined = undefined;
  /** The value of the route that ends in `*` after this segment. */
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

/**
 * Searches below a node. Adds the parts to `parts`.
 * @param from where the next segment begins; past the end of the path when there is none
 */
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
