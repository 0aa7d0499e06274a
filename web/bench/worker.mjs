// The worker of the measurements: WASM, hot loops and transforms, as in the app's own worker.
import { hotFigures } from "./hot.mjs";
import { pair } from "./pair.mjs";
import { Run } from "./transform.mjs";

let measurements;
/** The cores by the name of their profile: their module, their memory, and two people in a call. */
const cores = new Map();
/** The transforms that are measured now. */
let run;

const methods = {
  async load(names) {
    measurements = await import("/measurements/tangelo_bench.js");
    await measurements.default({ module_or_path: "/measurements/tangelo_bench_bg.wasm" });
    for (const name of names) {
      const module = await import(`/core/${name}/tangelo_call.js`);
      const { memory } = await module.default({
        module_or_path: `/core/${name}/tangelo_call_bg.wasm`,
      });
      cores.set(name, { memory, call: pair(module, measurements) });
    }
  },
  async hot(quick) {
    const bare = JSON.parse(measurements.hot(quick));
    return [...(await hotFigures(cores, quick)), ...bare];
  },
  groupSizes: quick => [...measurements.group_sizes(quick)],
  group: (size, warm) => JSON.parse(measurements.group(size, warm)),
  begin(way, core) {
    run = new Run(way, cores.get(core), measurements);
  },
  record: () => run.record(),
  finish: () => run.finish(),
};

self.onrtctransform = ({ transformer }) => run.add(transformer);

self.onmessage = async ({ data: { id, method, args } }) => {
  try {
    postMessage({ id, result: await methods[method](...args) });
  } catch (error) {
    postMessage({ id, error: String(error?.stack ?? error) });
  }
};
