import encodeQR from "qr";
import { Code } from "./qr-code.js";
import { text } from "./text.js";

/** Light modules around the code: fewer, and scanners do not find it (ISO/IEC 18004). */
export const QUIET = 4;

/** The safety number for another device's camera: a text to compare, no address. */
export function NumberCode({ groups }: { groups: readonly string[] }) {
  const data = encodeQR(codeText(groups), "raw", { ecc: "medium", border: QUIET });
  return <Code data={data} label={text.verify.qrLabel} />;
}

/** What the code says, see docs/protocol.md. */
export function codeText(groups: readonly string[]): string {
  return `TANGELO 1: ${groups.join(" ")}`;
}
