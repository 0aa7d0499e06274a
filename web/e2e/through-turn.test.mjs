// A network from which the server's media ports cannot be reached: sound and picture go through the host's TURN server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { binary, Server } from "./lib/server.mjs";
import { Spaces, whyNoNetworks } from "./lib/spaces.mjs";
import { SECRET, TurnServer, whyNoTurnServer } from "./lib/turn-server.mjs";

/** So much comes to the server only where there is a call. */
const MEDIA_BYTES = 50_000;
/** Where the server gets media: the TURN server has a link there, the guests have no way. */
const MEDIA = "10.124.2.1";
const MEDIA_NETWORK = "10.124.2.0/24";

const guests = fileURLToPath(new URL("lib/turn-guests.mjs", import.meta.url));
const skip = whyNoNetworks() ?? whyNoTurnServer();

let spaces, turn, folder;
before(async () => {
  if (skip) return;
  spaces = new Spaces("server", "relay", "guests");
  spaces.link("signal", ["server", "10.124.0.1"], ["guests", "10.124.0.2"]);
  spaces.link("near", ["relay", "10.124.1.1"], ["guests", "10.124.1.2"]);
  spaces.link("far", ["server", MEDIA], ["relay", "10.124.2.2"]);
  // Firefox looks for ways only where there is one to everywhere.
  spaces.ip("guests", "route", "add", "default", "via", "10.124.1.1");
  spaces.ip("guests", "route", "add", "unreachable", MEDIA_NETWORK);
  folder = mkdtempSync(join(tmpdir(), "tangelo-turn-secret-"));
  writeFileSync(join(folder, "secret"), `${SECRET}\n`, { mode: 0o600 });
  turn = new TurnServer({
    ...{ address: "10.124.1.1", relay: "10.124.2.2", peer: MEDIA },
    within: (program, ...words) => spaces.program("relay", program, ...words),
  });
  await turn.ready();
});
after(async () => {
  try {
    await turn?.stop();
  } finally {
    spaces?.remove();
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
});

/** Bytes that have come to the server from the TURN server. */
function relayed() {
  const [link] = JSON.parse(spaces.ip("server", "-s", "-j", "link", "show", "far"));
  return link.stats64.rx.bytes;
}

/** Two browsers of these kinds call each other from the guests' network, where they tell whether all is well. */
async function call(url, ...browsers) {
  assert.throws(() => spaces.ip("guests", "route", "get", MEDIA), /RTNETLINK/);
  const server = await Server.run(
    spaces.program("server", binary),
    ...["--listen", "10.124.0.1:0", "--public-ip", MEDIA],
    ...["--turn", url, "--turn-secret-file", join(folder, "secret")],
  );
  const before = relayed();
  try {
    const node = spaces.program("guests", process.execPath);
    await promisify(execFile)(node, [guests, server.url, ...browsers], {
      timeout: 400_000,
      killSignal: "SIGKILL",
    });
    assert.ok(relayed() > before + MEDIA_BYTES, `${relayed() - before} bytes`);
    assert.ok(!server.log.includes(SECRET));
  } catch (error) {
    const words = [error.stdout, error.stderr, server.log, turn.log().slice(-4_000)];
    throw new Error([error.message, ...words].join("\n"), { cause: error });
  } finally {
    await server.stop();
  }
}

test("two Chromiums hear and see each other through a TURN server alone", { skip }, () =>
  call(turn.udp, "chromium", "chromium"),
);

test("a Firefox and a Chromium do, with TCP as far as the TURN server", { skip }, () =>
  call(turn.tcp, "chromium", "firefox"),
);
