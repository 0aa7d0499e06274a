// A server in one network, browsers in another, and two ways for media between them, of which one is up at a time.
// Signalling has a third one, which stays.
import { Spaces } from "./spaces.mjs";

/** Where the server gets media; no link has this address. */
const MEDIA = "10.123.9.1";
const LINKS = ["signal", "first", "second"];

export class Networks {
  /** Where the server is to listen, and where it gets media. */
  listen = "10.123.0.1";
  media = MEDIA;
  #spaces = new Spaces("server", "guests");

  constructor() {
    this.#spaces.ip("server", "address", "add", `${MEDIA}/32`, "dev", "lo");
    for (const [number, link] of LINKS.entries()) {
      this.#spaces.link(link, ["server", `10.123.${number}.1`], ["guests", `10.123.${number}.2`]);
    }
    // Else media would find its way from the address that stays.
    this.#guests("rule", "add", "from", "10.123.0.2", "to", MEDIA, "prohibit");
    this.#guests("link", "set", "second", "down");
    this.#route(1);
  }

  /** The guests leave the first network and come into the second. */
  change() {
    this.#guests("link", "set", "first", "down");
    this.#guests("link", "set", "second", "up");
    this.#route(2);
  }

  #route(number) {
    this.#guests("route", "replace", MEDIA, "via", `10.123.${number}.1`);
  }

  #guests(...args) {
    return this.#spaces.ip("guests", ...args);
  }

  /** Bytes that have come to the guests on the second network. */
  bytesOnSecond() {
    const [link] = JSON.parse(this.#guests("-s", "-j", "link", "show", "second"));
    return link.stats64.rx.bytes;
  }

  /** A program that runs another one where the server is. */
  forServer(program) {
    return this.#spaces.program("server", program);
  }

  /** A program that runs another one where the guests are. */
  forGuests(program) {
    return this.#spaces.program("guests", program);
  }

  remove() {
    this.#spaces.remove();
  }
}
