import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeInspection } from "../../generated/TreeInspection.js";
import { blankCount, layoutTree } from "./tree-layout.js";

function tree(
  leaf_slots: number,
  filled: readonly number[],
  renewed_by: number | null = null,
): TreeInspection {
  const nodes = filled.map(node => ({ node, renewed: false, unmerged: [] }));
  return { leaf_slots, nodes, renewed_by };
}

test("a full tree has every node once, parents over the middle of their children", () => {
  const { nodes, edges, width, levels } = layoutTree(tree(4, [0, 1, 2, 3, 4, 5, 6]));
  assert.deepEqual(
    nodes.map(({ node }) => node).sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6],
  );
  const at = (node: number) => {
    const found = nodes.find(other => other.node === node);
    return [found?.x, found?.level];
  };
  assert.deepEqual(
    [at(0), at(2), at(4), at(6)],
    [
      [0.5, 0],
      [1.5, 0],
      [2.5, 0],
      [3.5, 0],
    ],
  );
  assert.deepEqual(
    [at(1), at(5), at(3)],
    [
      [1, 1],
      [3, 1],
      [2, 2],
    ],
  );
  assert.deepEqual([edges.length, width, levels], [6, 4, 2]);
});

test("the path that the last commit renewed is marked, blank nodes on it are not", () => {
  const { nodes, edges } = layoutTree(tree(4, [0, 2, 3, 4, 6], 1));
  const renewed = nodes.filter(node => node.renewed).map(({ node }) => node);
  assert.deepEqual(renewed, [2, 3]);
  assert.equal(edges.filter(edge => edge.renewed).length, 0, "node 1 between them is blank");
  const whole = layoutTree(tree(4, [0, 1, 2, 3, 4, 6], 1));
  const marked = whole.edges.filter(edge => edge.renewed);
  assert.deepEqual(
    marked.map(({ from, to }) => [from.node, to.node]),
    [
      [1, 2],
      [3, 1],
    ],
  );
});

test("parts that are all blank are drawn as one", () => {
  const { nodes, width } = layoutTree(tree(16, [0, 2, 4]));
  const parts = nodes.flatMap(({ part }) => (part === undefined ? [] : [part]));
  assert.deepEqual(parts, [
    [4, 7],
    [8, 15],
  ]);
  // Leaf 3 stands alone; it has no part of two.
  assert.equal(width, 4 + 2);
});

test("one member has a tree of one leaf, and what is no tree is not drawn", () => {
  const { nodes, levels } = layoutTree(tree(1, [0], 0));
  assert.deepEqual([nodes.length, levels, nodes[0]?.renewed], [1, 0, true]);
  for (const slots of [0, 3, -4]) assert.equal(layoutTree(tree(slots, [])).nodes.length, 0);
});

test("a tree of the largest call is laid out whole", () => {
  const all = Array.from({ length: 2047 }, (_, node) => node);
  const { nodes, edges, width } = layoutTree(tree(1024, all, 700));
  assert.deepEqual([nodes.length, edges.length, width], [2047, 2046, 1024]);
  assert.equal(nodes.filter(node => node.renewed).length, 11);
});

test("blank nodes are counted over the whole tree", () => {
  assert.equal(blankCount(tree(16, [0, 2, 4])), 28);
});
