/** Numbers and names in few characters. */
import type { Inspection } from "../../generated/Inspection.js";
import { inspectorText } from "./text.js";

/** The start of a client id or another long number. */
export function short(id: string): string {
  return id.slice(0, 8);
}

export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1_000).toFixed(count < 10_000 ? 1 : 0)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

export function bitRate(perSecond: number): string {
  if (perSecond < 1_000) return `${perSecond.toFixed(0)} bit/s`;
  if (perSecond < 1_000_000) return `${(perSecond / 1_000).toFixed(0)} kbit/s`;
  return `${(perSecond / 1_000_000).toFixed(1)} Mbit/s`;
}

/** A length of time. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return inspectorText.seconds(seconds);
  const whole = Math.floor(seconds);
  const pad = (value: number) => String(value).padStart(2, "0");
  const minutes = `${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
  return whole < 3600 ? minutes : `${Math.floor(whole / 3600)}:${minutes}`;
}

/** When something comes, seen from `now`. */
export function until(at: number, now: number): string {
  return at <= now ? inspectorText.overdue : inspectorText.in(duration(at - now));
}

/** Names by client, those of clients that are gone included. */
export class Names {
  private readonly names = new Map<string, string>();

  learn(core: Inspection | null | undefined): void {
    for (const { client, name, own } of core?.group?.members ?? []) {
      this.names.set(client, own ? `${name} (${inspectorText.you})` : name);
    }
  }

  of(client: string): string {
    return this.names.get(client) ?? inspectorText.unknown(short(client));
  }
}
