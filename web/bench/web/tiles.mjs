// A call of 25 in one page: the others are real members with recorded cameras and voices. What the main thread does is
// read from the browser's own trace.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chromium } from "../../e2e/lib/browser.mjs";
import { Person } from "../../e2e/lib/person.mjs";
import { RATE, record } from "./recording.mjs";

const OTHERS = 24;
/** Where less than this part of them is decoded, the page has too little to do for its figures to mean anything. */
const ENOUGH = 0.5;
const TRACE_MS = 30_000;
/** After all pictures move, until nothing of the joining is left. */
const SETTLE_MS = 10_000;
const LONG_MS = 50;
/** Trace events of a task's run, and of scripts inside one. */
const CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];
const TASKS = ["RunTask", "ThreadControllerImpl::RunTask"];

export async function tiles(url, crowd) {
  const browser = await chromium({ patienceMs: 300_000 });
  let others;
  try {
    const files = await record(browser);
    const viewport = { width: 1600, height: 900 };
    const person = await Person.open(browser, `${url}/r/crowd`, undefined, viewport);
    await person.joinCall("Watcher");
    const args = [`${url}/r/crowd`, String(OTHERS), files.pictures, files.sounds];
    others = spawn(crowd, args, { stdio: ["pipe", "inherit", "inherit"] });
    await person.sees(OTHERS + 1);
    console.log(`  tiles: all ${OTHERS + 1} move`);
    await sleep(SETTLE_MS);
    const [before, began] = [await decoded(person), performance.now()];
    const trace = await traceOf(person.page);
    // The browser takes its time to hand out a trace.
    const [after, ended] = [await decoded(person), performance.now()];
    if (person.errors.length > 0) throw new Error(person.errors.join("\n"));
    if (others.exitCode !== null) throw new Error("the crowd went before the end");
    const rate = (after - before) / ((ended - began) / 1000);
    if (rate < ENOUGH * OTHERS * RATE) {
      throw new Error(
        `only ${rate.toFixed(0)} of ${OTHERS * RATE} pictures a second were decoded: the machine is too slow or does ` +
          "something else, and a page without pictures has no long tasks. Try again when it is idle.",
      );
    }
    return [figure("pictures decoded a second, of all together", rate, "1/s"), ...judge(trace)];
  } finally {
    if (others !== undefined && others.exitCode === null) {
      const gone = once(others, "exit");
      others.stdin.end();
      await gone;
    }
    await browser.close();
  }
}

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

function figure(label, value, unit) {
  return { section: "tiles", label, value, unit };
}

/** Frames of all pictures so far. */
async function decoded(person) {
  const { lines } = await person.stats();
  return lines.reduce((sum, line) => sum + (line.direction === "in" ? (line.frames ?? 0) : 0), 0);
}

async function traceOf(page) {
  await page.tracing.start({ categories: CATEGORIES });
  await sleep(TRACE_MS);
  const bytes = await page.tracing.stop();
  return JSON.parse(Buffer.from(bytes).toString()).traceEvents;
}

/** What the page's main thread did. Times are in us in traces; `tdur` is the thread's own time on a processor. */
function judge(events) {
  const main = mainThread(events);
  const own = events.filter(({ pid, tid }) => pid === main.pid && tid === main.tid);
  const tasks = own.filter(({ name, ph }) => ph === "X" && TASKS.includes(name));
  // Some kinds of tasks stand in the trace twice, one in the other.
  const outer = outermost(tasks);
  const scripts = own.filter(({ name, ph }) => ph === "X" && name === "FunctionCall");
  const busy = outer.reduce((sum, { tdur = 0 }) => sum + tdur, 0);
  const inOurs = scripts.filter(({ args }) => (args?.data?.url ?? "").includes("/assets/"));
  const longest = (key, list) => Math.max(0, ...list.map(event => event[key] ?? 0)) / 1000;
  const long = outer.filter(({ tdur = 0 }) => tdur > LONG_MS * 1000);
  return [
    figure("tasks", outer.length, ""),
    figure(`tasks over ${LONG_MS} ms of processor time`, long.length, ""),
    figure("longest task, processor time", longest("tdur", outer), "ms"),
    figure("longest task, with what waited for a processor", longest("dur", outer), "ms"),
    figure("longest call of a function of ours, processor time", longest("tdur", inOurs), "ms"),
    figure("share of the time in which it is busy", (100 * busy) / (TRACE_MS * 1000), "%"),
  ];
}

/** The main thread of the process that draws our page: the busiest of its name. */
function mainThread(events) {
  const threads = events.filter(
    ({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain",
  );
  const count = ({ pid, tid }) =>
    events.filter(event => event.pid === pid && event.tid === tid && event.name === "FunctionCall")
      .length;
  const [first] = threads
    .map(thread => ({ thread, calls: count(thread) }))
    .sort((a, b) => b.calls - a.calls);
  if (first === undefined || first.calls === 0) throw new Error("the trace has no page in it");
  return first.thread;
}

function outermost(tasks) {
  let end = -Infinity;
  return tasks
    .toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)
    .filter(({ ts, dur }) => {
      if (ts < end) return false;
      end = ts + dur;
      return true;
    });
}
