/** Which layer a sent frame is of: each has an SFrame context of its own. Pure. */
import type { Source } from "../generated/Source.js";

/** So many contexts a picture has. */
const LAYERS_MAX = 3;

/**
 * The layers of what is sent. Browsers do not say the name of a frame's layer, but each has an SSRC of its own: on each
 * connection a source's get the layers from 0 on, in the order in which they came first. A transform that takes another's
 * place finds them as they were.
 *
 * Which of them has which context does not matter to anybody, and counters go by contexts: SSRCs can share one, as those do
 * that come after the third.
 */
export class Layers {
  private readonly known = new Map<number, Map<Source, number[]>>();

  layerOf(connection: number, source: Source, ssrc: number | undefined): number {
    if (ssrc === undefined) return 0;
    let sources = this.known.get(connection);
    if (sources === undefined) this.known.set(connection, (sources = new Map<Source, number[]>()));
    let ssrcs = sources.get(source);
    if (ssrcs === undefined) sources.set(source, (ssrcs = []));
    const layer = ssrcs.indexOf(ssrc);
    if (layer >= 0) return layer;
    return ssrcs.length < LAYERS_MAX ? ssrcs.push(ssrc) - 1 : LAYERS_MAX - 1;
  }

  /** A connection is no more. */
  forget(connection: number): void {
    this.known.delete(connection);
  }
}
