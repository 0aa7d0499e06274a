// Network namespaces of a test's own (Linux): each is a machine with links to others and no way out. Needs root.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there are none here; nothing where there are. */
export function whyNoNetworks() {
  if (process.platform !== "linux" || process.getuid() !== 0) {
    return "needs Linux and root, to make networks of its own";
  }
  const name = `tangelo-try-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("netns", "del", name);
    return undefined;
  } catch (error) {
    return `needs network namespaces (iproute2): ${error.message}`;
  }
}

function ip(...args) {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export class Spaces {
  #folder = mkdtempSync(join(tmpdir(), "tangelo-networks-"));
  #names;

  constructor(...kinds) {
    this.#names = kinds.map(kind => this.#name(kind));
    for (const name of this.#names) {
      // One that a test of the same number left behind when it was ended.
      this.#delete(name);
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
  }

  #delete(name) {
    try {
      ip("netns", "del", name);
    } catch {
      // There is none.
    }
  }

  #name(kind) {
    return `tangelo-${kind}-${process.pid}`;
  }

  /** `ip` in one of them. */
  ip(kind, ...args) {
    return ip("-n", this.#name(kind), ...args);
  }

  /** A link between two of them, up, with an address for each. */
  link(link, ...ends) {
    const [[from], [to]] = ends;
    const there = ["peer", "name", link, "netns", this.#name(to)];
    this.ip(from, "link", "add", link, "type", "veth", ...there);
    for (const [kind, address] of ends) {
      this.ip(kind, "address", "add", `${address}/24`, "dev", link);
      this.ip(kind, "link", "set", link, "up");
    }
  }

  /** A program that runs another one in one of them, with more before it. */
  program(kind, program, ...before) {
    const path = join(this.#folder, kind);
    const words = ["ip", "netns", "exec", this.#name(kind), ...before].join(" ");
    writeFileSync(path, `#!/bin/sh\nexec ${words} '${program}' "$@"\n`, { mode: 0o755 });
    return path;
  }

  remove() {
    for (const name of this.#names) this.#delete(name);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
