// `tangelo join`: a member of a call without a browser.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { DEADLINE } from "../../stories/lib/until.mjs";
import { binary } from "./server.mjs";

export class Headless {
  /** Everything that it printed, and what it said on standard error. */
  printed = "";
  errors = "";

  /** Joins the call at this address. */
  constructor(url, ...more) {
    this.child = spawn(binary, ["join", ...more], {
      env: { ...process.env, TANGELO_URL: url },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.ended = once(this.child, "exit");
    this.child.stdout.setEncoding("utf8").on("data", text => (this.printed += text));
    this.child.stderr.setEncoding("utf8").on("data", text => (this.errors += text));
  }

  /** Waits until something was printed; returns the last such thing. */
  async says(what) {
    return this.until(`to print ${what}`, () => [...this.printed.matchAll(what)].at(-1));
  }

  /** Polls until `probe` gives something. */
  async until(what, probe) {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const found = await probe();
      if (found) return found;
      if (Date.now() > end) throw new Error(`${what}:\n${this.printed}${this.errors}`);
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }

  /** Says a line to everyone. */
  type(line) {
    this.child.stdin.write(`${line}\n`);
  }

  /** As Ctrl-C does; the exit code. */
  async interrupt() {
    this.child.kill("SIGINT");
    const [code] = await this.ended;
    return code;
  }

  /** Ends it, whatever it does. */
  kill() {
    this.child.kill("SIGKILL");
  }
}
