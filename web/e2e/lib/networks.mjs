// Networks of a test's own (Linux network namespaces): a server in one, browsers in another, and two ways for media between
// them, of which one is up at a time. Signalling has a third one, which stays. Needs root.
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

/** Where the server gets media; no link has this address. */
const MEDIA = "10.123.9.1";
const LINKS = ["signal", "first", "second"];

export class Networks {
  /** Where the server is to listen, and where it gets media. */
  listen = "10.123.0.1";
  media = MEDIA;
  #server = `tangelo-server-${process.pid}`;
  #guests = `tangelo-guests-${process.pid}`;
  #folder = mkdtempSync(join(tmpdir(), "tangelo-networks-"));

  constructor() {
    ip("netns", "add", this.#server);
    ip("netns", "add", this.#guests);
    for (const space of [this.#server, this.#guests]) ip("-n", space, "link", "set", "lo", "up");
    ip("-n", this.#server, "address", "add", `${MEDIA}/32`, "dev", "lo");
    for (const [number, link] of LINKS.entries()) {
      const there = ["peer", "name", link, "netns", this.#guests];
      ip("-n", this.#server, "link", "add", link, "type", "veth", ...there);
      for (const [host, space] of [
        [1, this.#server],
        [2, this.#guests],
      ]) {
        ip("-n", space, "address", "add", `10.123.${number}.${host}/24`, "dev", link);
        ip("-n", space, "link", "set", link, "up");
      }
    }
    // Else media would find its way from the address that stays.
    ip("-n", this.#guests, "rule", "add", "from", "10.123.0.2", "to", MEDIA, "prohibit");
    ip("-n", this.#guests, "link", "set", "second", "down");
    this.#route(1);
  }

  /** The guests leave the first network and come into the second. */
  change() {
    ip("-n", this.#guests, "link", "set", "first", "down");
    ip("-n", this.#guests, "link", "set", "second", "up");
    this.#route(2);
  }

  #route(number) {
    ip("-n", this.#guests, "route", "replace", MEDIA, "via", `10.123.${number}.1`);
  }

  /** Bytes that have come to the guests on the second network. */
  bytesOnSecond() {
    const [link] = JSON.parse(ip("-n", this.#guests, "-s", "-j", "link", "show", "second"));
    return link.stats64.rx.bytes;
  }

  /** A program that runs another one where the server is. */
  forServer(program) {
    return this.#inside(this.#server, program);
  }

  /** A program that runs another one where the guests are. */
  forGuests(program) {
    return this.#inside(this.#guests, program);
  }

  #inside(space, program) {
    const path = join(this.#folder, space);
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${space} '${program}' "$@"\n`, {
      mode: 0o755,
    });
    return path;
  }

  remove() {
    ip("netns", "del", this.#server);
    ip("netns", "del", this.#guests);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
