// Browsers with fake cameras and microphones, without a network of their own.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer from "puppeteer-core";
import { voiceFile } from "./voice.mjs";

const QUIET = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const ALLOWED = ["--use-fake-ui-for-media-stream"];
const DEVICES = ["--use-fake-device-for-media-stream"];

/** Whoever shares a screen shares a made-up one, without being asked which. */
const SCREEN = ["--use-fake-device-for-media-stream=display-media-type=monitor"];

function find(variable, names) {
  if (process.env[variable]) return process.env[variable];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const name = names.find(candidate => existsSync(join(folder, candidate)));
    if (name) return join(folder, name);
  }
  throw new Error(`none of ${names.join(", ")} is on the PATH; set ${variable}`);
}

/**
 * Chromium. `devices: false` leaves it without camera and microphone, `allowed: false` refuses them. `patienceMs` is how
 * long a call into a page may take. `screen: true` makes up a screen to share, `voice: true` somebody who talks without a
 * pause. `camera` is a video file (Y4M) that its camera shows, `within` makes of a program one that runs it elsewhere, `args` are
 * more of Chromium's own.
 */
export function chromium({
  devices = true,
  allowed = true,
  screen = false,
  voice = false,
  patienceMs,
  camera,
  within,
  args = [],
} = {}) {
  const program = find("TANGELO_CHROMIUM", ["chromium", "chromium-browser", "google-chrome"]);
  return puppeteer.launch({
    protocolTimeout: patienceMs,
    executablePath: within?.(program) ?? program,
    // Elsewhere there may be no port to speak to it.
    pipe: within !== undefined,
    headless: true,
    args: [
      ...QUIET,
      ...(allowed ? ALLOWED : ["--deny-permission-prompts"]),
      ...(devices ? DEVICES : []),
      ...(screen ? SCREEN : []),
      ...(voice ? [`--use-file-for-fake-audio-capture=${voiceFile()}`] : []),
      ...(camera ? [`--use-file-for-fake-video-capture=${camera}`] : []),
      ...args,
    ],
  });
}

/**
 * Firefox with fake devices. It sends no media over the loopback interface unless `loopback` says so: otherwise the
 * server needs another address.
 */
export function firefox({ loopback = false } = {}) {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: find("TANGELO_FIREFOX", ["firefox-esr", "firefox"]),
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      "media.peerconnection.ice.loopback": loopback,
    },
  });
}
