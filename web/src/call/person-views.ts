/** The people of a call as they are drawn: what the group says of them, what is received, what was measured. Pure. */
import type { Person } from "../generated/Person.js";
import type { Source } from "../generated/Source.js";
import { type Beat, OWN } from "./pulse.js";
import { NO_ROOM, type Quality, UNKNOWN_QUALITY } from "./quality.js";
import type { Trust } from "./trust.js";
import type { PersonView } from "./view.js";

/** Until something is known of a person. */
const UNKNOWN: Trust = { state: { type: "unconfirmed" }, warnings: [] };

export function personViews(
  people: readonly Person[],
  trust: ReadonlyMap<string, Trust>,
  streams: readonly { client: string; source: Source; stream: MediaStream }[],
  beat: Beat,
  /** For whose pictures the own network has no room. */
  noRoomFor: ReadonlySet<string>,
): PersonView[] {
  const quality = ({ own, client }: Person): Quality => {
    if (!own && noRoomFor.has(client)) return NO_ROOM;
    return beat.quality.get(own ? OWN : client) ?? UNKNOWN_QUALITY;
  };
  // What comes from a person comes, whatever the server says: its word alone hides no living face.
  const isAlive = ({ client }: Person) => {
    const { level, reason } = beat.quality.get(client) ?? UNKNOWN_QUALITY;
    return level !== "unknown" && reason !== "nothing" && !beat.still.has(client);
  };
  // A server that keeps it to itself, or does not know it yet, is not needed for this.
  const isStill = (person: Person) =>
    quality(person).reason === "nothing" &&
    person.state?.camera === true &&
    streams.some(({ client, source }) => client === person.client && source === "camera");
  return people.map(person => ({
    lost: (person.lost && !isAlive(person)) || isStill(person),
    client: person.client,
    name: person.name,
    identity: person.identity,
    own: person.own,
    confirmed: person.confirmed,
    present: person.present,
    host: person.host,
    doubt: person.elsewhere ? "elsewhere" : person.silent ? "silent" : undefined,
    trust: trust.get(person.client) ?? UNKNOWN,
    microphone: person.state?.microphone,
    camera: person.state?.camera,
    recording: person.state?.recording ?? false,
    handOrder: person.hand_order ?? undefined,
    speaking: beat.speaking.has(person.client),
    quality: quality(person),
    unreadable: beat.unreadable.get(person.client),
    streams: new Map(
      streams
        .filter(({ client }) => client === person.client)
        .map(({ source, stream }) => [source, stream]),
    ),
  }));
}
