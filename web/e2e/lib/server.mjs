// A real server of its own for each test file, on free ports of the loopback interface.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const binary =
  process.env.TANGELO_BIN ??
  fileURLToPath(new URL("../../../target/release/tangelo", import.meta.url));

export class Server {
  /** Starts `tangelo serve` with more arguments; resolves when it is ready. */
  static start(...more) {
    return Server.startOnAll("--public-ip", "127.0.0.1", ...more);
  }

  /** The same with media on every address of the machine, as without any option. */
  static startOnAll(...more) {
    return Server.run(binary, "--listen", "127.0.0.1:0", ...more);
  }

  /** Starts this program, on any free media port unless told another. */
  static async run(program, ...more) {
    const ports = more.includes("--media-port") ? [] : ["--media-port", "0"];
    // While the page is being changed: `TANGELO_WEB=web/dist` needs no new server.
    const child = spawn(program, ["serve", ...ports, ...more], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const server = new Server(child);
    server.#started = [program, ...ports, ...more];
    await server.#ready();
    return server;
  }

  /** Everything that the server printed. */
  log = "";
  /** `http://127.0.0.1:PORT` */
  url = "";
  /** Program and arguments. */
  #started = [];

  constructor(child) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", text => (this.log += text));
    }
  }

  async #ready() {
    for (let tries = 0; tries < 300; tries++) {
      const ready = /Tangelo is ready: (http\S+)/.exec(this.log);
      if (ready) {
        this.url = ready[1].replace(/\/$/, "");
        return;
      }
      if (this.child.exitCode !== null) break;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    throw new Error(`the server did not start:\n${this.log}`);
  }

  /** Ends it without any warning, as a crash does. */
  async kill() {
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }

  /** Starts it once more, on the same address. */
  again() {
    const listen = new URL(this.url).host;
    const started = this.#started;
    const place = started.indexOf("--listen") + 1;
    return Server.run(...started.map((argument, index) => (index === place ? listen : argument)));
  }

  async stop() {
    if (this.child.exitCode === null) {
      // At once, whoever is inside.
      this.child.kill("SIGINT");
      await once(this.child, "exit");
    }
  }
}
