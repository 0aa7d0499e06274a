// The icon in the formats and sizes that systems want for installed apps, from web/src/icon.svg.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../src/", import.meta.url));
/** Behind icons that must fill their square. */
const GROUND = "#fdf7f0";

/** By file: edge in px, and the part of it that the drawing takes. A circle of 80 % of a maskable icon always shows. */
const ICONS = {
  "icon-192": { edge: 192, part: 1 },
  "icon-512": { edge: 512, part: 1 },
  "icon-maskable": { edge: 512, part: 0.66, ground: GROUND },
  "icon-touch": { edge: 180, part: 0.8, ground: GROUND },
};

/** Draws them all into web/src/icons. */
export async function drawIcons(browser) {
  const folder = join(source, "icons");
  await mkdir(folder, { recursive: true });
  const drawing = await readFile(join(source, "icon.svg"), "base64");
  const page = await browser.newPage();
  for (const [name, { edge, part, ground = "transparent" }] of Object.entries(ICONS)) {
    await page.setViewport({ width: edge, height: edge });
    await page.setContent(
      `<body style="margin:0;background:${ground};display:grid;place-items:center;height:100vh">
      <img src="data:image/svg+xml;base64,${drawing}" style="width:${100 * part}%" />`,
    );
    const png = await page.screenshot({ omitBackground: true });
    await writeFile(join(folder, `${name}.png`), png);
  }
  await page.close();
}
