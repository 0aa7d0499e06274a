import { useMemo, useState } from "preact/hooks";
import type { MemberInspection } from "../../generated/MemberInspection.js";
import type { TreeInspection } from "../../generated/TreeInspection.js";
import { type PlacedNode, blankCount, layoutTree } from "./tree-layout.js";
import { inspectorText } from "./text.js";

/** Sizes in the picture's own units, which are CSS pixels at its natural size. */
const LEVEL = 46;
const RADIUS = 13;
const MARGIN = 24;
/** Above the root: one that is a leaf may wear the crown. */
const TOP = 34;
const NAMES = 34;
/** A unit of the layout: narrower the more leaves there are. */
const UNIT = { few: 66, some: 49, many: 38, fewMax: 5, someMax: 8 };
/** What fits under a leaf. */
const NAME_CHARS = { few: 8, some: 6, many: 5 };

const words = inspectorText.group;

/** The ratchet tree: what is blank, what the last commit renewed, who sits where. */
export function TreePicture({
  tree,
  members,
}: {
  tree: TreeInspection;
  members: readonly MemberInspection[];
}) {
  // Most looks see the tree as it was.
  const key = JSON.stringify(tree);
  const layout = useMemo(() => layoutTree(tree), [key]);
  const [fit, setFit] = useState(false);
  const size = layout.width <= UNIT.fewMax ? "few" : layout.width <= UNIT.someMax ? "some" : "many";
  const unit = UNIT[size];
  const width = layout.width * unit + 2 * MARGIN;
  const height = layout.levels * LEVEL + TOP + MARGIN + NAMES;
  const x = (node: PlacedNode) => MARGIN + node.x * unit;
  const y = (node: PlacedNode) => TOP + (layout.levels - node.level) * LEVEL;
  const ofLeaf = new Map(members.map(member => [member.leaf, member]));
  return (
    <>
      {size !== "few" && (
        <label class="check">
          <input
            type="checkbox"
            checked={fit}
            onChange={event => setFit(event.currentTarget.checked)}
          />
          {words.fit}
        </label>
      )}
      <div class="tree-place" tabIndex={0} role="group" aria-label={words.tree}>
        <svg
          class={fit && size !== "few" ? "tree fit" : "tree"}
          role="img"
          aria-label={words.treeLabel(tree.leaf_slots, tree.nodes.length, blankCount(tree))}
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          data-testid="tree"
        >
          {layout.edges.map(edge => (
            <line
              key={`${edge.from.node}-${edge.to.node}`}
              class={edge.renewed ? "tree-edge renewed" : "tree-edge"}
              x1={x(edge.from)}
              y1={y(edge.from)}
              x2={x(edge.to)}
              y2={y(edge.to)}
            />
          ))}
          {layout.nodes.map(node => (
            <g key={node.node} transform={`translate(${x(node)} ${y(node)})`}>
              <TreeNode
                node={node}
                member={node.level === 0 ? ofLeaf.get(node.node / 2) : undefined}
                nameChars={NAME_CHARS[size]}
              />
            </g>
          ))}
        </svg>
      </div>
    </>
  );
}

function TreeNode({
  node,
  member,
  nameChars,
}: {
  node: PlacedNode;
  member: MemberInspection | undefined;
  nameChars: number;
}) {
  const state = [
    node.filled ? "filled" : "blank",
    ...(node.renewed ? ["renewed"] : []),
    ...(member !== undefined && !member.present ? ["away"] : []),
    ...(member?.own === true ? ["own"] : []),
  ].join(" ");
  if (node.part !== undefined) {
    const [first, last] = node.part;
    return (
      <g class="tree-node blank">
        <title>{words.blankPart(first, last)}</title>
        <path d={`M0 ${-RADIUS}L${RADIUS} ${RADIUS}H${-RADIUS}Z`} />
        <text y={RADIUS + 14}>{`${first}–${last}`}</text>
      </g>
    );
  }
  if (node.level > 0) {
    return (
      <g class={`tree-node ${state}`}>
        <title>
          {node.filled ? words.parent(node.node, node.unmerged) : words.blank(node.node)}
        </title>
        <circle r={RADIUS} />
        <text class="tree-index" dy="0.35em">
          {node.node}
        </text>
        {node.unmerged.length > 0 && (
          <g class="tree-unmerged" transform={`translate(${RADIUS} ${-RADIUS})`}>
            <circle r="8" />
            <text dy="0.35em">+{node.unmerged.length}</text>
          </g>
        )}
      </g>
    );
  }
  const leaf = node.node / 2;
  return (
    <g class={`tree-node leaf ${state}`} data-leaf={node.filled ? leaf : undefined}>
      <title>
        {member === undefined ? words.blankPart(leaf, leaf) : words.leaf(leaf, member.name)}
      </title>
      <rect x={-RADIUS} y={-RADIUS} width={2 * RADIUS} height={2 * RADIUS} rx="6" />
      <text class="tree-index" dy="0.35em">
        {leaf}
      </text>
      {member !== undefined && <text y={RADIUS + 15}>{cut(firstOf(member.name), nameChars)}</text>}
      {member?.rank === 0 && (
        <path class="tree-crown" d="M-7 -17l0 -8l4 3l3 -5l3 5l4 -3l0 8z">
          <title>{words.turns}</title>
        </path>
      )}
    </g>
  );
}

/** More does not fit; the whole name is in the leaf's title and in the table below. */
function firstOf(name: string): string {
  return name.split(" ", 1)[0] ?? name;
}

function cut(name: string, most: number): string {
  const letters = [...name];
  return letters.length <= most ? name : `${letters.slice(0, most - 1).join("")}…`;
}

/** What the marks mean. */
export function TreeLegend() {
  const { legend } = words;
  return (
    <ul class="tree-legend">
      {(["filled", "renewed", "blank", "unmerged"] as const).map(kind => (
        <li key={kind}>
          <svg viewBox="-10 -10 20 20" width="18" height="18" aria-hidden="true">
            {kind === "unmerged" ? (
              <g class="tree-unmerged">
                <circle r="8" />
                <text dy="0.35em">+1</text>
              </g>
            ) : (
              <g class={`tree-node ${kind === "renewed" ? "filled renewed" : kind}`}>
                <circle r="7" />
              </g>
            )}
          </svg>
          {legend[kind]}
        </li>
      ))}
    </ul>
  );
}
