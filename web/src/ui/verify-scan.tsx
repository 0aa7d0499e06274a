import { useEffect, useRef, useState } from "preact/hooks";
import type { CameraLoan } from "../call/camera-loan.js";
import { errorOf, report } from "../report.js";
import { text } from "./text.js";
import { codeText } from "./verify-qr.js";

/** The camera's picture is looked at so often. */
const EVERY_MS = 200;
/** Its longer side as it is looked at, in pixels: enough for the code's 33 modules. */
const LOOK_PX = 640;

interface Props {
  number: readonly string[];
  borrowCamera: () => Promise<CameraLoan>;
  /** Another number was read. */
  differs: () => void;
}

type Stage = "closed" | "looking" | "agrees" | "differs" | "foreign" | "no_camera" | "camera_gone";

/** Reads the number off another person's screen with the camera, and compares it. */
export function VerifyScan({ number, borrowCamera, differs }: Props) {
  const [stage, setStage] = useState<Stage>("closed");
  const [read, setRead] = useState<string | undefined>(undefined);
  // Another number than the one that was compared: nothing is known of it.
  const wanted = codeText(number);
  useEffect(() => {
    if (stage === "agrees") setStage("closed");
  }, [wanted]);

  const found = (words: string) => {
    setRead(words);
    if (words === wanted) setStage("agrees");
    else if (words.startsWith("TANGELO 1: ")) {
      setStage("differs");
      differs();
    } else setStage("foreign");
  };

  return (
    <div class="scan">
      {stage === "looking" ? (
        <>
          <Camera
            borrow={borrowCamera}
            found={found}
            failed={() => setStage("no_camera")}
            gone={() => setStage("camera_gone")}
          />
          <button type="button" class="button small" onClick={() => setStage("closed")}>
            {text.scan.stop}
          </button>
        </>
      ) : (
        <button type="button" class="link" onClick={() => setStage("looking")}>
          {text.scan.start}
        </button>
      )}
      <p role="status" class={stage === "differs" ? "caution" : "hint"} data-scan={stage}>
        {stage === "looking" && text.scan.looking}
        {stage === "agrees" && read === wanted && text.scan.agrees}
        {stage === "differs" && text.scan.differs}
        {stage === "foreign" && text.scan.foreign}
        {stage === "no_camera" && text.scan.noCamera}
        {stage === "camera_gone" && text.scan.cameraGone}
      </p>
    </div>
  );
}

interface CameraProps {
  borrow: () => Promise<CameraLoan>;
  found: (text: string) => void;
  failed: () => void;
  /** The camera was pulled out meanwhile. */
  gone: () => void;
}

/** Shows the camera that looks away from the person, if there is one, and reads what it sees. */
function Camera({ borrow, found, failed, gone }: CameraProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let over = false;
    let loan: CameraLoan | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      over = true;
      clearTimeout(timer);
      loan?.giveBack();
    };
    const open = async () => {
      loan = await borrow();
      if (over) loan.giveBack();
      void loan.gone.then(() => {
        if (over) return;
        stop();
        gone();
      });
      return loan.stream;
    };
    const run = async () => {
      const [{ decodeQR }, stream] = await Promise.all([import("qr/decode.js"), open()]);
      if (over || video.current === null) return stop();
      video.current.srcObject = stream;
      await video.current.play();
      const canvas = document.createElement("canvas");
      const look = () => {
        const words = read(video.current, canvas, decodeQR);
        if (over) return;
        if (words === undefined) timer = setTimeout(look, EVERY_MS);
        else {
          stop();
          found(words);
        }
      };
      look();
    };
    run().catch((error: unknown) => {
      // Whoever stopped looking needs no camera.
      if (over) return;
      report("code-not-scanned", errorOf(error));
      stop();
      failed();
    });
    return stop;
  }, []);
  return <video ref={video} class="scan-view" aria-label={text.scan.view} muted playsInline />;
}

/** The text of the code in the picture, if there is one. */
function read(
  video: HTMLVideoElement | null,
  canvas: HTMLCanvasElement,
  decode: (image: { width: number; height: number; data: Uint8ClampedArray }) => string,
): string | undefined {
  if (video === null || video.videoWidth === 0) return undefined;
  const scale = Math.min(1, LOOK_PX / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return undefined;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return decode({ width, height, data });
  } catch {
    return undefined;
  }
}
