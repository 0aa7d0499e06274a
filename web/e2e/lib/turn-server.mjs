// coturn, as docs/turn.md sets it up, in a network between the guests' and the server's.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const SECRET = "a-secret-of-this-test-alone";
const PORT = 3478;
/** Debian's `nobody` and `nogroup`. */
const NOBODY = 65_534;

/** Why there is no coturn here; nothing where there is. */
export function whyNoTurnServer() {
  const { error } = spawnSync("turnserver", ["--help"], { stdio: "ignore" });
  return error && `needs coturn: ${error.message}`;
}

export class TurnServer {
  #folder = mkdtempSync(join(tmpdir(), "tangelo-turn-"));
  #log = join(this.#folder, "log");

  /** Listens at `address`, and relays from `relay` to the address `peer` alone. `within` makes of a program one that runs
   * it elsewhere, with words before it. */
  constructor({ address, relay, peer, within }) {
    this.udp = `turn:${address}:${PORT}?transport=udp`;
    this.tcp = `turn:${address}:${PORT}?transport=tcp`;
    const configuration = join(this.#folder, "turnserver.conf");
    const lines = [
      `listening-port=${PORT}`,
      `listening-ip=${address}`,
      `relay-ip=${relay}`,
      "use-auth-secret",
      `static-auth-secret=${SECRET}`,
      "realm=turn.example",
      "denied-peer-ip=0.0.0.0-255.255.255.255",
      "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      `allowed-peer-ip=${peer}`,
      "no-tcp-relay",
      "no-cli",
      "no-tls",
      "no-dtls",
      "no-stdout-log",
      "simple-log",
      `log-file=${this.#log}`,
      `userdb=${join(this.#folder, "users")}`,
      `pidfile=${join(this.#folder, "pid")}`,
    ];
    writeFileSync(configuration, `${lines.join("\n")}\n`);
    for (const path of [this.#folder, configuration]) chownSync(path, NOBODY, NOBODY);
    const nobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    this.child = spawn(within("turnserver", ...nobody), ["-c", configuration], { stdio: "ignore" });
  }

  /** Waits until it listens. */
  async ready() {
    for (let tries = 0; tries < 300; tries++) {
      if (/Total General servers/.test(this.log())) return;
      assert.equal(this.child.exitCode, null, `coturn has ended:\n${this.log()}`);
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    assert.fail(`coturn does not listen:\n${this.log()}`);
  }

  log() {
    try {
      return readFileSync(this.#log, "utf8");
    } catch {
      return "";
    }
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGKILL");
      await once(this.child, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
