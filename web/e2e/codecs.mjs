// Which video codec should be the default? `node web/e2e/codecs.mjs [seconds]` after `cargo xtask build` makes real calls of
// two through the real server, one direction of video at a time, and prints one table.
//
// The picture is a canvas that can be computed again: each frame carries its number as a row of black and white squares,
// so the receiver draws the same frame once more and compares. Sender and receiver are browsers of their own, and the
// CPU time is that of all their processes, as /proc has it (Linux only), in seconds a second of call, what the page draws
// included. It is the difference between the codecs that counts.
import { readFile, readdir } from "node:fs/promises";
import { chromium, firefox } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

const SECONDS = Number(process.argv[2] ?? 20);
/** The first seconds, in which bandwidth estimation looks for the bitrate, do not count. */
const WARM_UP_SECONDS = 8;
const SIZE = { width: 640, height: 360 };
const LAUNCH = { Chromium: chromium, Firefox: firefox };

const rows = [];
for (const sender of ["Chromium", "Firefox"]) {
  for (const codec of ["vp8", "vp9"]) {
    for (const source of ["canvas", "fake camera"]) {
      rows.push(await measure(sender, codec, source));
      console.error(JSON.stringify(rows.at(-1)));
    }
  }
}
const names = Object.keys(rows[0]);
const line = cells => `| ${cells.join(" | ")} |`;
console.log(line(names));
console.log(line(names.map(() => "---")));
for (const row of rows) console.log(line(Object.values(row)));

/** One call: the sender shows the source to a receiver in Chromium, who shows nothing. */
async function measure(name, codec, source) {
  const server = await Server.startOnAll();
  const [there, here] = await Promise.all([LAUNCH[name](), chromium()]);
  try {
    const hook =
      `localStorage.setItem("tangelo.video_codec", "${codec}");` +
      (source === "canvas" ? `(${useCanvas})(${draw}, ${JSON.stringify(SIZE)});` : "");
    const ada = await Person.open(there, server.url, hook);
    await ada.startCall("Ada");
    const grace = await Person.open(
      here,
      ada.page.url(),
      `localStorage.setItem("tangelo.camera_off", "off"); window.drawFrame = ${draw};`,
    );
    await grace.joinCall("Grace");
    await grace.receives("Ada's picture", lines =>
      lines.some(line => line.codec === `video/${codec.toUpperCase()}` && line.frames > 0),
    );
    // Without a mode, Chromium takes three encodings of VP9 for three spatial layers of one stream.
    const layers = [await simulcast(ada, codec), await simulcast(ada, codec, "L1T2")];
    await new Promise(resolve => setTimeout(resolve, WARM_UP_SECONDS * 1_000));
    const before = await sample(ada, grace, there, here);
    if (source === "canvas") await grace.page.evaluate(compareFrames, SIZE);
    await new Promise(resolve => setTimeout(resolve, SECONDS * 1_000));
    const after = await sample(ada, grace, there, here);
    const psnr = source === "canvas" ? await grace.page.evaluate(() => window.psnr()) : undefined;
    const seconds = (after.at - before.at) / 1_000;
    const rate = key => (after[key] - before[key]) / seconds;
    const per = (key, count, digits) =>
      ((1_000 * (after[key] - before[key])) / Math.max(1, after[count] - before[count])).toFixed(
        digits,
      );
    return {
      sender: name,
      codec,
      source,
      size: `${after.width}x${after.height}`,
      "frames/s": rate("encoded").toFixed(1),
      "decoded/s": rate("decoded").toFixed(1),
      "kbit/s": ((8 * rate("bytes")) / 1_000).toFixed(0),
      "sender CPU": rate("cpuThere").toFixed(2),
      "receiver CPU": rate("cpuHere").toFixed(2),
      "encode ms/frame": per("encodeTime", "encoded", 1),
      "decode ms/frame": per("decodeTime", "decoded", 1),
      "PSNR dB": psnr === undefined ? "" : `${psnr.mean.toFixed(1)} (${psnr.count})`,
      "layers, plain and L1T2": layers.join(", "),
    };
  } finally {
    await Promise.all([there.close(), here.close()]);
    await server.stop();
  }
}

async function sample(ada, grace, there, here) {
  const [out, incoming] = await Promise.all([videoLine(ada, "out"), videoLine(grace, "in")]);
  return {
    at: performance.now(),
    encoded: out.frames,
    decoded: incoming.frames,
    bytes: out.bytes,
    encodeTime: out.codingSeconds,
    decodeTime: incoming.codingSeconds,
    width: out.width,
    height: out.height,
    cpuThere: await cpuSeconds(there.process().pid),
    cpuHere: await cpuSeconds(here.process().pid),
  };
}

/** The one video line in use. */
async function videoLine(person, direction) {
  const { lines } = await person.stats();
  return lines.find(
    line => line.direction === direction && line.codec?.startsWith("video/") && line.frames > 0,
  );
}

/** User and system time of a process and all that it started. */
async function cpuSeconds(root) {
  const parents = new Map();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => undefined);
    if (stat === undefined) continue;
    // The program's name, in brackets, may have blanks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [parent, user, system] = [1, 11, 12].map(index => Number(fields[index]));
    parents.set(Number(name), { parent, ticks: user + system });
  }
  const isOf = pid => {
    for (let at = pid; at > 1; at = parents.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, process] of parents) if (isOf(pid)) ticks += process.ticks;
  // USER_HZ is 100 on every Linux that runs browsers.
  return ticks / 100;
}

/** How many of three simulcast layers the browser really sends with codec and mode, in a call with itself. */
function simulcast(person, codec, scalabilityMode) {
  const inPage = async (codec, mode) => {
    const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
    one.onicecandidate = ({ candidate }) => void other.addIceCandidate(candidate);
    other.onicecandidate = ({ candidate }) => void one.addIceCandidate(candidate);
    const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
    const context = canvas.getContext("2d");
    const timer = setInterval(() => {
      context.fillStyle = `hsl(${(performance.now() / 10) % 360} 80% 50%)`;
      context.fillRect(0, 0, 1280, 720);
    }, 50);
    try {
      const [track] = canvas.captureStream(20).getTracks();
      const transceiver = one.addTransceiver(track, {
        direction: "sendonly",
        sendEncodings: [
          { rid: "q", scaleResolutionDownBy: 4, ...mode },
          { rid: "h", scaleResolutionDownBy: 2, ...mode },
          { rid: "f", ...mode },
        ],
      });
      const { codecs } = RTCRtpSender.getCapabilities("video");
      transceiver.setCodecPreferences(
        codecs.filter(
          ({ mimeType, sdpFmtpLine = "" }) =>
            mimeType.toLowerCase() === `video/${codec}` && !/profile-id=[1-9]/.test(sdpFmtpLine),
        ),
      );
      await one.setLocalDescription();
      const { sdp } = one.localDescription;
      await other.setRemoteDescription({ type: "offer", sdp });
      await other.setLocalDescription();
      // The receiving side of a browser agrees to no simulcast by itself; an SFU does.
      const rids = ["q", "h", "f"];
      const answer =
        other.localDescription.sdp.replace(/a=(rid|simulcast):.*\r\n/g, "") +
        rids.map(rid => `a=rid:${rid} recv\r\n`).join("") +
        `a=simulcast:recv ${rids.join(";")}\r\n`;
      await one.setRemoteDescription({ type: "answer", sdp: answer });
      await new Promise(resolve => setTimeout(resolve, 5_000));
      const report = await one.getStats();
      const sending = [...report.values()].filter(
        ({ type, framesEncoded }) => type === "outbound-rtp" && framesEncoded > 0,
      );
      const layers = new Set(sending.map(({ rid, ssrc }) => rid ?? ssrc));
      return layers.size;
    } catch (error) {
      return `none: ${error.message}`;
    } finally {
      clearInterval(timer);
      one.close();
      other.close();
    }
  };
  return person.page.evaluate(inPage, codec, scalabilityMode ? { scalabilityMode } : {});
}

/** Frame `number` of the picture: things of all sizes that move, text and noise, and the number in 16 squares. */
function draw(context, number, { width, height }) {
  const sky = context.createLinearGradient(0, 0, width, height);
  sky.addColorStop(0, `hsl(${number % 360} 60% 70%)`);
  sky.addColorStop(1, `hsl(${(number * 2 + 120) % 360} 50% 30%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  for (let thing = 0; thing < 40; thing++) {
    const speed = 0.01 + (thing % 7) * 0.006;
    const x = width * (0.5 + 0.45 * Math.sin(number * speed + thing));
    const y = height * (0.5 + 0.42 * Math.cos(number * speed * 1.3 + thing * 2));
    context.fillStyle = `hsl(${(thing * 47) % 360} 70% ${30 + ((thing * 13) % 50)}%)`;
    context.beginPath();
    context.arc(x, y, 6 + ((thing * 11) % 38), 0, 2 * Math.PI);
    context.fill();
  }
  // Noise that stays, as that of a wall or a shirt: the same pseudo-random numbers in each frame, slowly shifted.
  let seed = 12345;
  for (let dot = 0; dot < 1500; dot++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    const x = (seed + number) % width;
    const y = (seed >> 10) % height;
    context.fillStyle = seed & 0x10000 ? "#0006" : "#fff6";
    context.fillRect(x, y, 2, 2);
  }
  for (let bit = 0; bit < 16; bit++) {
    context.fillStyle = (number >> bit) & 1 ? "#fff" : "#000";
    context.fillRect(bit * 24, 0, 24, 24);
  }
}

/** Runs in the sender's page before its scripts: the camera is the canvas. */
function useCanvas(draw, size) {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async constraints => {
    const { video, ...rest } = constraints;
    const stream = rest.audio ? await original(rest) : new MediaStream();
    if (video) {
      const canvas = Object.assign(document.createElement("canvas"), size);
      const context = canvas.getContext("2d");
      let number = 0;
      draw(context, number, size);
      setInterval(() => draw(context, ++number & 0xffff, size), 1_000 / 30);
      for (const track of canvas.captureStream(30).getVideoTracks()) stream.addTrack(track);
    }
    return stream;
  };
}

/** Runs in the receiver's page: looks twice a second at what is shown, and draws the same frame anew. */
function compareFrames(size) {
  const { width, height } = size;
  const make = () =>
    Object.assign(document.createElement("canvas"), size).getContext("2d", {
      willReadFrequently: true,
    });
  const [shown, meant] = [make(), make()];
  const video = document.querySelector("video.live");
  const found = [];
  const look = () => {
    shown.drawImage(video, 0, 0, width, height);
    const seen = shown.getImageData(0, 0, width, height).data;
    let number = 0;
    for (let bit = 0; bit < 16; bit++)
      if (seen[4 * (12 * width + bit * 24 + 12)] > 127) number |= 1 << bit;
    window.drawFrame(meant, number, size);
    const wanted = meant.getImageData(0, 0, width, height).data;
    let squares = 0;
    for (let at = 0; at < seen.length; at += 4) {
      const luma = pixels => 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
      squares += (luma(seen) - luma(wanted)) ** 2;
    }
    found.push(10 * Math.log10(255 ** 2 / (squares / (width * height))));
  };
  const timer = setInterval(look, 500);
  window.psnr = () => {
    clearInterval(timer);
    return {
      mean: found.reduce((sum, value) => sum + value, 0) / found.length,
      count: found.length,
    };
  };
}
