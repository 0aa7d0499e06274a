/** Cameras and screens that are drawn here: calm portraits and slides instead of photographs. */

/** A stream of one picture. Kept going by drawing it again: who attaches later must get a frame too. */
function streamOf(width: number, height: number, draw: (pen: CanvasRenderingContext2D) => void) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("no canvas to draw on");
  const again = () => draw(pen);
  again();
  const stream = canvas.captureStream();
  setInterval(again, 400);
  return stream;
}

const portraits = new Map<number, MediaStream>();

/** The camera of a person, another for each number. */
export function portrait(number: number): MediaStream {
  const known = portraits.get(number);
  if (known !== undefined) return known;
  const stream = streamOf(480, 360, pen => drawPortrait(pen, number));
  portraits.set(number, stream);
  return stream;
}

const SKIN = ["#f1c9a5", "#8d5a3a", "#e0ac80", "#5f3a26", "#f6d9bd", "#b97f56"];
const HAIR = ["#2c211c", "#6b4423", "#1d1a22", "#a8712f", "#c9c4bd", "#4a2f27", "#803c1f"];
const ROOM = [28, 200, 150, 265, 340, 95, 230, 10, 175];

function drawPortrait(pen: CanvasRenderingContext2D, number: number): void {
  const { width, height } = pen.canvas;
  const hue = ROOM[number % ROOM.length] ?? 0;
  // Plain colours: pictures of them are small files.
  pen.fillStyle = `oklch(0.84 0.055 ${hue})`;
  pen.fillRect(0, 0, width, height);
  drawRoom(pen, number, hue);

  const x = width / 2 + ((number * 37) % 50) - 25;
  const y = height * 0.44 + ((number * 23) % 24);
  const skin = SKIN[number % SKIN.length] ?? "";
  const hair = HAIR[(number * 3) % HAIR.length] ?? "";
  const long = number % 3 === 1;
  pen.fillStyle = hair;
  if (long) blob(pen, x, y + 44, 84, 118);
  // Shoulders, neck, face.
  pen.fillStyle = `oklch(${0.46 + (number % 4) * 0.07} 0.09 ${(hue + 140) % 360})`;
  blob(pen, x, height + 34, 152, 132);
  pen.fillStyle = skin;
  blob(pen, x, y + 86, 27, 46);
  blob(pen, x, y, 61, 76);
  pen.fillStyle = hair;
  pen.beginPath();
  pen.ellipse(x, y - 24, 66, 60, 0, Math.PI, 0);
  pen.quadraticCurveTo(x + 20, y - 42, x - 66, y - 24);
  pen.fill();
  drawFace(pen, x, y, number, hair);
}

/** What stands behind: a window, a shelf or a plant. */
function drawRoom(pen: CanvasRenderingContext2D, number: number, hue: number): void {
  pen.fillStyle = `oklch(0.97 0.02 ${hue} / 0.75)`;
  if (number % 3 === 0) {
    pen.fillRect(34, 30, 98, 132);
    pen.fillStyle = `oklch(0.74 0.07 ${hue})`;
    pen.fillRect(81, 30, 5, 132);
    pen.fillRect(34, 92, 98, 5);
  } else if (number % 3 === 1) {
    for (const shelf of [74, 150]) {
      pen.fillStyle = `oklch(0.6 0.06 ${hue + 10})`;
      pen.fillRect(336, shelf, 144, 7);
      for (let book = 0; book < 7; book++) {
        pen.fillStyle = `oklch(0.68 0.09 ${hue + book * 47})`;
        pen.fillRect(344 + book * 18, shelf - 30 - (book % 3) * 8, 13, 30 + (book % 3) * 8);
      }
    }
  } else {
    pen.fillStyle = "oklch(0.56 0.09 145)";
    for (const lean of [-0.7, -0.25, 0.2, 0.65]) {
      pen.beginPath();
      pen.ellipse(70 + lean * 44, 196 - Math.cos(lean) * 32, 15, 54, lean, 0, Math.PI * 2);
      pen.fill();
    }
    pen.fillStyle = "oklch(0.6 0.09 45)";
    pen.fillRect(46, 222, 50, 48);
  }
}

function drawFace(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  number: number,
  hair: string,
): void {
  pen.fillStyle = "#2a1c16";
  blob(pen, x - 23, y + 4, 5, 6);
  blob(pen, x + 23, y + 4, 5, 6);
  pen.lineCap = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = hair;
  for (const side of [-1, 1]) {
    pen.beginPath();
    pen.moveTo(x + side * 14, y - 12);
    pen.lineTo(x + side * 32, y - 13);
    pen.stroke();
  }
  pen.strokeStyle = "#8c3f36";
  pen.beginPath();
  pen.arc(x, y + 26, 20, 0.25 * Math.PI, 0.75 * Math.PI);
  pen.stroke();
  if (number % 4 !== 2) return;
  pen.strokeStyle = "#3b3230";
  pen.lineWidth = 3;
  for (const side of [-23, 23]) {
    pen.beginPath();
    pen.arc(x + side, y + 4, 17, 0, Math.PI * 2);
    pen.stroke();
  }
}

function blob(pen: CanvasRenderingContext2D, x: number, y: number, across: number, down: number) {
  pen.beginPath();
  pen.ellipse(x, y, across, down, 0, 0, Math.PI * 2);
  pen.fill();
}

/** A screen that somebody shows: a slide with a chart, another for each number. */
export function slide(number: number): MediaStream {
  return streamOf(1280, 720, pen => drawSlide(pen, number));
}

const TITLES = ["Harvest by month", "Where the fruit goes", "What visitors asked"];

function drawSlide(pen: CanvasRenderingContext2D, number: number): void {
  pen.fillStyle = "#fffdf9";
  pen.fillRect(0, 0, 1280, 720);
  pen.fillStyle = "#2a1c12";
  pen.font = "600 62px sans-serif";
  pen.fillText(TITLES[number % TITLES.length] ?? "", 90, 140);
  pen.fillStyle = "#ead9c8";
  pen.fillRect(90, 176, 1100, 4);
  for (let bar = 0; bar < 12; bar++) {
    const tall = 80 + ((bar * 7 + number * 5) % 12) * 26;
    pen.fillStyle = bar % 12 === (number * 4 + 5) % 12 ? "#c9490a" : "#f4b183";
    pen.fillRect(100 + bar * 92, 640 - tall, 62, tall);
  }
}

/** The microphone of somebody who never stops to hum. */
export function hum(): MediaStreamTrack {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const [track] = out.stream.getAudioTracks();
  if (track === undefined) throw new Error("no sound to hum with");
  return track;
}

/** Silence, as a stream. */
export function silence(): MediaStream {
  return new AudioContext().createMediaStreamDestination().stream;
}
