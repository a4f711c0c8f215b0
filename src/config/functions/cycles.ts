/** Cycles of a directed graph, and what can be reached in it. */

/** Nodes by the nodes that follow them; a node without followers may be missing. */
export type Followers = ReadonlyMap<string, readonly string[]>;

/** All nodes that paths from `starts` lead to, those included. */
export function reachable(starts: Iterable<string>, followers: Followers): Set<string> {
  const seen = new Set(starts);
  // A set is walked in the order of insertion, and what is added on the way is walked too.
  for (const node of seen) {
    for (const follower of followers.get(node) ?? []) seen.add(follower);
  }
  return seen;
}

/**
 * Every cycle that passes no node twice, once, beginning with the first of its nodes in `nodes`; the first
 * `cyclesMax` of them. A node that follows itself is no cycle here. By D. B. Johnson (1975): between one cycle and
 * the next the work is proportional to the size of the graph.
 */
export function elementaryCycles(
  nodes: readonly string[],
  followers: Followers,
  cyclesMax: number,
): string[][] {
  const cycles: string[][] = [];
  const leaders = leadersOf(nodes, followers);
  const rest = new Set(nodes);
  for (const start of nodes) {
    if (cycles.length >= cyclesMax) break;
    const component = componentOf(start, rest, followers, leaders);
    if (component.size > 1) new CycleSearch(start, component, followers, cycles, cyclesMax).run();
    rest.delete(start);
  }
  return cycles;
}

function leadersOf(nodes: readonly string[], followers: Followers): Followers {
  const leaders = new Map<string, string[]>(nodes.map((node) => [node, []]));
  for (const [node, next] of followers) for (const one of next) leaders.get(one)?.push(node);
  return leaders;
}

/** The nodes among `rest` that can be reached from `start` and lead back to it. */
function componentOf(
  start: string,
  rest: ReadonlySet<string>,
  followers: Followers,
  leaders: Followers,
): Set<string> {
  const within = (graph: Followers): Set<string> => {
    const seen = new Set([start]);
    for (const node of seen) {
      for (const next of graph.get(node) ?? []) if (rest.has(next)) seen.add(next);
    }
    return seen;
  };
  if (!(leaders.get(start) ?? []).some((leader) => rest.has(leader))) return new Set([start]);
  return within(followers).intersection(within(leaders));
}

/** The cycles through one node of a component. As deep as the component is large. */
class CycleSearch {
  readonly #trail: string[] = [];
  readonly #blocked = new Set<string>();
  /** Nodes that are to be tried again once the key is free. */
  readonly #waiting = new Map<string, Set<string>>();

  constructor(
    readonly start: string,
    readonly component: ReadonlySet<string>,
    readonly followers: Followers,
    readonly cycles: string[][],
    readonly cyclesMax: number,
  ) {}

  run(): void {
    this.#visit(this.start);
  }

  #visit(node: string): boolean {
    let isOnCycle = false;
    this.#trail.push(node);
    this.#blocked.add(node);
    const next = (this.followers.get(node) ?? []).filter((one) => this.component.has(one));
    for (const one of next) {
      if (this.cycles.length >= this.cyclesMax) break;
      if (one === this.start && this.#trail.length > 1) {
        this.cycles.push([...this.#trail]);
        isOnCycle = true;
      } else if (!this.#blocked.has(one) && this.#visit(one)) isOnCycle = true;
    }
    if (isOnCycle) this.#free(node);
    else for (const one of next) this.#waitingFor(one).add(node);
    this.#trail.pop();
    return isOnCycle;
  }

  #free(node: string): void {
    this.#blocked.delete(node);
    const waiting = [...this.#waitingFor(node)];
    this.#waiting.delete(node);
    for (const one of waiting) if (this.#blocked.has(one)) this.#free(one);
  }

  #waitingFor(node: string): Set<string> {
    const waiting = this.#waiting.get(node) ?? new Set();
    this.#waiting.set(node, waiting);
    return waiting;
  }
}
