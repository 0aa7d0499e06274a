/** Where the nodes of a ratchet tree are drawn. Pure: units, no pixels. */
import type { TreeInspection } from "../../generated/TreeInspection.js";

export interface PlacedNode {
  /** RFC 9420 appendix C: leaf i has 2 i, parents have odd ones. */
  readonly node: number;
  /** Units from the left, at the middle. */
  readonly x: number;
  /** 0 for leaves. */
  readonly level: number;
  readonly filled: boolean;
  /** Of a leaf: its owner's own commit made its key. */
  readonly ownKey: boolean;
  readonly unmerged: readonly number[];
  /** The last commit made its key. */
  readonly renewed: boolean;
  /** Of a part of the tree that is all blank, and drawn as one: its first and last leaf. */
  readonly part: readonly [number, number] | undefined;
}

export interface Edge {
  readonly from: PlacedNode;
  readonly to: PlacedNode;
  /** The last commit renewed both ends. */
  readonly renewed: boolean;
}

export interface TreeLayout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly Edge[];
  /** In units. */
  readonly width: number;
  /** The level of the root. */
  readonly levels: number;
}

/** A blank part of at least so many leaves is drawn as one. */
const PART_MIN = 2;

export function layoutTree({ leaf_slots, nodes, renewed_by }: TreeInspection): TreeLayout {
  const levels = Math.log2(leaf_slots);
  if (leaf_slots < 1 || !Number.isInteger(levels)) {
    return { nodes: [], edges: [], width: 0, levels: 0 };
  }
  const filled = new Map(nodes.map(node => [node.node, node]));
  const placed: PlacedNode[] = [];
  const edges: Edge[] = [];
  let width = 0;

  // How many nodes with a smaller index are filled.
  const before = [0];
  for (let node = 0; node < 2 * leaf_slots; node++) {
    before.push((before[node] ?? 0) + (filled.has(node) ? 1 : 0));
  }
  const isBlank = (first: number, leaves: number): boolean =>
    before[2 * first] === before[2 * (first + leaves) - 1];

  // Of the subtree at `level` whose first leaf is `first`; returns its root.
  const place = (first: number, level: number): PlacedNode => {
    const leaves = 2 ** level;
    const node = 2 * first + leaves - 1;
    const known = filled.get(node);
    const above = renewed_by !== null && renewed_by >= first && renewed_by < first + leaves;
    const common = {
      node,
      level,
      filled: known !== undefined,
      ownKey: known?.renewed ?? false,
      unmerged: known?.unmerged ?? [],
      renewed: known !== undefined && above,
    };
    if (level === 0 || (leaves >= PART_MIN && isBlank(first, leaves))) {
      const part = level === 0 ? undefined : ([first, first + leaves - 1] as const);
      const end: PlacedNode = { ...common, x: width + 0.5, part };
      width += 1;
      placed.push(end);
      return end;
    }
    const left = place(first, level - 1);
    const right = place(first + leaves / 2, level - 1);
    const root: PlacedNode = { ...common, x: (left.x + right.x) / 2, part: undefined };
    placed.push(root);
    for (const child of [left, right]) {
      edges.push({ from: root, to: child, renewed: root.renewed && child.renewed });
    }
    return root;
  };

  place(0, levels);
  return { nodes: placed, edges, width, levels };
}

/** How many nodes of the whole tree are blank. */
export function blankCount({ leaf_slots, nodes }: TreeInspection): number {
  return Math.max(0, 2 * leaf_slots - 1 - nodes.length);
}
