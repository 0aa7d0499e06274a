/** The few changes to SDP (RFC 8866) that keep voices private. Pure. */

/** What an Opus encoder is told: constant bit rate and no silence suppression, or packet sizes tell what is said. */
const OPUS = { cbr: "1", usedtx: "0", useinbandfec: "1" };

/** Header extensions that show outside the encryption how loud somebody speaks (RFC 6464, RFC 6465). */
const LOUDNESS = [
  "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "urn:ietf:params:rtp-hdrext:csrc-audio-level",
];

export function isLoudness(uri: string): boolean {
  return LOUDNESS.includes(uri);
}

/** Takes the audio level extensions out of an offer. */
export function withoutLoudness(sdp: string): string {
  return linesOf(sdp)
    .filter(line => !(line.startsWith("a=extmap:") && isLoudness(line.split(" ")[1] ?? "")))
    .join("\r\n");
}

/** Sets the parameters of every Opus format in a remote description, which is what the own encoder follows. */
export function withConstantBitRate(sdp: string): string {
  return sections(sdp)
    .map(section => {
      let lines = section;
      for (const type of opusTypes(section)) lines = withOpus(lines, type);
      return lines.join("\r\n");
    })
    .join("\r\n");
}

/** The DTLS fingerprint of an SDP, the same for all that a session answers. */
export function fingerprintOf(sdp: string): string | undefined {
  return linesOf(sdp).find(line => line.startsWith("a=fingerprint:"));
}

/** The mids of an SDP in their order. */
export function midsOf(sdp: string): string[] {
  return linesOf(sdp)
    .filter(line => line.startsWith("a=mid:"))
    .map(line => line.slice("a=mid:".length));
}

function opusTypes(section: string[]): string[] {
  return section
    .map(line => /^a=rtpmap:(\d+) opus\//i.exec(line)?.[1])
    .filter(type => type !== undefined);
}

function withOpus(section: string[], type: string): string[] {
  const prefix = `a=fmtp:${type} `;
  const old = section.find(line => line.startsWith(prefix));
  const parameters = new Map<string, string>();
  for (const part of (old ?? "").slice(prefix.length).split(";")) {
    const [key = "", value = ""] = part.split("=", 2);
    if (key.trim() !== "") parameters.set(key.trim(), value.trim());
  }
  for (const [key, value] of Object.entries(OPUS)) parameters.set(key, value);
  const text = [...parameters].map(([key, value]) => `${key}=${value}`).join(";");
  const rest = section.filter(line => line !== old);
  const at = rest.findIndex(line => line.startsWith(`a=rtpmap:${type} `));
  return [...rest.slice(0, at + 1), prefix + text, ...rest.slice(at + 1)];
}

/** The session part, then each media section, as lines. */
function sections(sdp: string): string[][] {
  const result: string[][] = [[]];
  for (const line of linesOf(sdp)) {
    if (line.startsWith("m=")) result.push([]);
    result.at(-1)?.push(line);
  }
  return result;
}

function linesOf(sdp: string): string[] {
  return sdp.split(/\r?\n/);
}
