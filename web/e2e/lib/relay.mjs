// A bad network between browsers and the server's media port: what goes to a browser passes a narrow link with a short
// queue, and some of it is lost by a seeded sequence. What comes from a browser passes unharmed.
import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Longer waits nothing in the queue; what comes then is dropped. */
const QUEUE_MS = 300;
/** UDP and IP headers, in bytes. */
const HEADERS = 28;

export class Relay {
  /** In bit/s. */
  rate = Infinity;
  /** The share of datagrams that get lost, from 0 to 1. */
  loss = 0;
  /** Datagrams that the link did not take. */
  dropped = 0;
  #seed = 1;
  #freeAt = 0;
  #ways = new Map();

  /** Stands before a port of the loopback interface. */
  static async before(port) {
    const relay = new Relay();
    relay.server = port;
    relay.socket = createSocket("udp4");
    relay.socket.on("message", (bytes, from) => relay.#toServer(bytes, from));
    relay.socket.bind(0, "127.0.0.1");
    await once(relay.socket, "listening");
    relay.port = relay.socket.address().port;
    return relay;
  }

  /** Runs in a page before its scripts: the page finds the relay where the server is. */
  hook() {
    return `(${lead})(${this.server}, ${this.port});`;
  }

  close() {
    for (const way of this.#ways.values()) way.close();
    this.socket.close();
  }

  #toServer(bytes, from) {
    const name = `${from.address} ${from.port}`;
    let way = this.#ways.get(name);
    if (way === undefined) {
      // The server tells clients apart by their ports.
      way = createSocket("udp4");
      way.on("message", answer => this.#toBrowser(answer, from));
      this.#ways.set(name, way);
    }
    way.send(bytes, this.server, "127.0.0.1");
  }

  #toBrowser(bytes, to) {
    const now = performance.now();
    const begins = Math.max(now, this.#freeAt);
    // Numerical Recipes' generator.
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    if (begins - now > QUEUE_MS || this.#seed / 2 ** 32 < this.loss) {
      this.dropped++;
      return;
    }
    this.#freeAt = begins + ((bytes.length + HEADERS) * 8000) / this.rate;
    const send = () => this.socket.send(bytes, to.port, to.address);
    if (this.#freeAt - now < 1) send();
    else setTimeout(send, this.#freeAt - now);
  }
}

function lead(server, relay) {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const sdp = description.sdp.replaceAll(`127.0.0.1 ${server} `, `127.0.0.1 ${relay} `);
    return setRemoteDescription.call(this, { type: description.type, sdp });
  };
}
