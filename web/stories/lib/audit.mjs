// What must hold of every story in every size. The functions in `inPage` run in the page.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axeSource = await readFile(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** WCAG 2.2 AA with all that it is built on, and what axe's authors recommend besides. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules whose result depends on colours and sizes; the others are asked once for wide and once for narrow. */
const LOOKS = ["color-contrast", "target-size", "scrollable-region-focusable"];

/** What axe finds, one line for each element. */
export async function axe(page, all) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  return page.evaluate(
    async (tags, rules) => {
      const runOnly =
        rules === undefined ? { type: "tag", values: tags } : { type: "rule", values: rules };
      const { violations } = await window.axe.run(document, {
        runOnly,
        rules: rules === undefined ? { "target-size": { enabled: true } } : {},
        resultTypes: ["violations"],
        preload: false,
      });
      // What an open menu lies over is reached once the menu is closed.
      const menu = document.querySelector(".popover")?.getBoundingClientRect();
      const covered = target => {
        const element = document.querySelector(target);
        if (menu === undefined || element.closest(".popover") !== null) return false;
        const { left, right, top, bottom } = element.getBoundingClientRect();
        return left < menu.right && right > menu.left && top < menu.bottom && bottom > menu.top;
      };
      return violations.flatMap(({ id, nodes }) => {
        const open = nodes.filter(({ target }) => id !== "target-size" || !covered(target[0]));
        return open.map(({ target, failureSummary }) => {
          const why = failureSummary.replaceAll(/\s+/g, " ");
          return `axe ${id}: ${target.join(" ")}: ${why}`;
        });
      });
    },
    TAGS,
    all ? undefined : LOOKS,
  );
}

/** What is too wide, cut off, or in motion. */
export function layout(page) {
  return page.evaluate(() => {
    const problems = [];
    const root = document.documentElement;
    // A page that hides what is too wide lets its scroll bar lie over its margin.
    const hides = getComputedStyle(root).overflowX !== "visible";
    const width = hides ? innerWidth : root.clientWidth;
    if (root.scrollWidth > width) {
      problems.push(`the page is ${root.scrollWidth} px wide in a window of ${width} px`);
    }
    const nameOf = element =>
      `${element.localName}.${element.className} "${element.textContent.trim().slice(0, 40)}"`;
    const scrolls = element => {
      for (let at = element.parentElement; at !== null; at = at.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return true;
      }
      return false;
    };
    const hidden = element => {
      for (let at = element; at !== null; at = at.parentElement) {
        if (getComputedStyle(at).clipPath !== "none") return true;
      }
      return false;
    };
    const shown = element => element.checkVisibility({ visibilityProperty: true });
    const speaking =
      "button, a, input, select, textarea, summary, label, h1, h2, h3, p, dt, dd, kbd";
    for (const element of document.querySelectorAll(speaking)) {
      if (!shown(element) || hidden(element)) continue;
      const box = element.getBoundingClientRect();
      if (box.width === 0 || scrolls(element)) continue;
      if (box.left < -1 || box.right > innerWidth + 1) {
        problems.push(`${nameOf(element)} sticks out of the window`);
      }
      if (element.localName === "p" && box.width < 100 && box.height > 1.5 * box.width) {
        problems.push(`${nameOf(element)} is squeezed into ${Math.round(box.width)} px`);
      }
    }
    // Their content may be hidden by what is around them.
    for (const list of document.querySelectorAll(".strip, .grid, .panel-scroll, .messages")) {
      const box = list.getBoundingClientRect();
      if (box.right > innerWidth + 1 || box.left < -1 || box.bottom > innerHeight + 1) {
        problems.push(`${nameOf(list)} is larger than the window`);
      }
    }
    // These scroll, and only downwards.
    for (const box of document.querySelectorAll("dialog[open], .inspector-panel, .panel-scroll")) {
      if (shown(box) && box.scrollWidth > box.clientWidth + 1) {
        problems.push(`${nameOf(box)} is ${box.scrollWidth} px wide inside, and scrolls sideways`);
      }
    }
    for (const button of document.querySelectorAll("button, summary, a.button")) {
      if (!shown(button)) continue;
      const box = button.getBoundingClientRect();
      const texts = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const text = texts.currentNode;
        // The reason of a quality mark hangs out of its button, on purpose.
        if (!shown(text.parentElement) || hidden(text.parentElement)) continue;
        if (text.parentElement.closest(".tip, .unread") !== null) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const words = range.getBoundingClientRect();
        const inside =
          words.left >= box.left - 1 &&
          words.right <= box.right + 1 &&
          words.top >= box.top - 1 &&
          words.bottom <= box.bottom + 1;
        if (words.width > 0 && !inside) problems.push(`${nameOf(button)}: its text is cut off`);
      }
    }
    for (const animation of document.getAnimations()) {
      const { target, pseudoElement } = animation.effect;
      problems.push(`${nameOf(target)}${pseudoElement ?? ""} moves: ${animation.animationName}`);
    }
    return problems;
  });
}

/** Walks through the page with the Tab key: everything is reached, seen, and seen to have the focus. */
export async function keyboard(page) {
  const count = await page.evaluate(begin);
  // Once round, and over the edge of the page. What scrolls may be a stop of its own.
  for (let round = 0; round < 2; round++) {
    for (let press = 0; press < count + 2; press++) await page.keyboard.press("Tab");
    if (await page.evaluate(() => window.walk.done())) break;
  }
  return page.evaluate(() => window.walk.end());
}

/** Runs in the page. Returns how many elements are to be reached. */
function begin() {
  const candidates =
    "a[href], button, input, select, textarea, summary, [tabindex='0'], [contenteditable]";
  // Tab stays in a modal dialog; one beside the page is a part of it.
  const dialogs = [...document.querySelectorAll("dialog:modal")];
  const place = dialogs.at(-1) ?? document.body;
  const nameOf = element =>
    `${element.localName}.${element.className} "${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40)}"`;
  const wanted = [...place.querySelectorAll(candidates)].filter(
    element =>
      !element.matches(":disabled, [tabindex='-1']") &&
      element.checkVisibility({ visibilityProperty: true }) &&
      // Of a group of radio buttons Tab reaches the chosen one, arrows the others.
      !(element.type === "radio" && !element.checked),
  );
  const reached = new Set();
  const problems = new Set();
  const look = ({ key }) => {
    const element = document.activeElement;
    if (key !== "Tab" || element === null || element === document.body) return;
    if (reached.has(element)) return;
    reached.add(element);
    if (!element.matches(":focus-visible")) problems.add(`${nameOf(element)}: focus is not shown`);
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) {
      problems.add(`${nameOf(element)} has no outline when it has the focus`);
    }
    const box = element.getBoundingClientRect();
    const points = [
      [0.5, 0.5],
      [0.1, 0.1],
      [0.9, 0.1],
      [0.1, 0.9],
      [0.9, 0.9],
    ];
    const seen = points.some(([across, down]) => {
      const at = document.elementFromPoint(
        box.left + box.width * across,
        box.top + box.height * down,
      );
      return at !== null && (element.contains(at) || at.contains(element));
    });
    if (!seen) problems.add(`${nameOf(element)} has the focus out of sight`);
  };
  // Where the focus is by itself, as in a menu that has just opened, the person has come already.
  if (wanted.includes(document.activeElement)) reached.add(document.activeElement);
  // After the page has scrolled to what has the focus now.
  document.addEventListener("keyup", look, true);
  window.walk = {
    done: () => wanted.every(element => reached.has(element)),
    end() {
      document.removeEventListener("keyup", look, true);
      for (const element of wanted) {
        if (!reached.has(element)) problems.add(`${nameOf(element)} is not reached with Tab`);
      }
      return [...problems];
    },
  };
  return wanted.length;
}
