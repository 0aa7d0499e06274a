import encodeQR from "qr";
import { codeText } from "../src/ui/verify-qr.js";
import { inside } from "./lib/fake-call.js";
import { type Stories, type Story, press, see, until } from "./lib/story.js";
import { openVerify, verify } from "./verify-dialog.stories.js";

/** A camera before which somebody holds a code. */
function camera(words: string | undefined): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 480;
  const pen = canvas.getContext("2d");
  const rows = words === undefined ? [] : encodeQR(words, "raw", { ecc: "medium", border: 4 });
  const side = Math.floor(420 / Math.max(1, rows.length));
  const stream = canvas.captureStream();
  const look = () => {
    if (pen === null) return;
    pen.fillStyle = "#f4efe8";
    pen.fillRect(0, 0, 640, 480);
    pen.fillStyle = "#000";
    rows.forEach((row, y) =>
      row.forEach((dark, x) => {
        if (dark) pen.fillRect(110 + x * side, 30 + y * side, side, side);
      }),
    );
  };
  look();
  setInterval(look, 200);
  return stream;
}

function scan(look: () => Promise<MediaStream>, stage: string): Story {
  return {
    ...verify(3, {}, {}, async () => {
      await press("Scan another person's QR code");
      (await see(`[data-scan=${stage}]`)).scrollIntoView({ block: "center" });
    }),
    before: () => void (navigator.mediaDevices.getUserMedia = look),
  };
}

const sees = (words: string | undefined) => () => Promise.resolve(camera(words));
const number = inside([]).safetyNumber ?? [];

export const verifyScans: Stories = {
  looking: scan(sees(undefined), "looking"),
  agrees: scan(sees(codeText(number)), "agrees"),
  differs: scan(sees(codeText(number.toReversed())), "differs"),
  "another code": scan(sees("https://growers.example/"), "foreign"),
  "no camera": scan(
    () => Promise.reject(new DOMException("there is none", "NotFoundError")),
    "no_camera",
  ),
  "camera pulled out": {
    ...scan(sees(undefined), "looking"),
    async act() {
      await openVerify();
      await press("Scan another person's QR code");
      // Only for those who listen: a script cannot end a track as a device does.
      const [track] = await until("the camera's picture", () => {
        const shown = document.querySelector<HTMLVideoElement>(".scan-view")?.srcObject;
        return shown instanceof MediaStream && shown.getVideoTracks();
      });
      track?.dispatchEvent(new Event("ended"));
      (await see("[data-scan=camera_gone]")).scrollIntoView({ block: "center" });
    },
  },
};
