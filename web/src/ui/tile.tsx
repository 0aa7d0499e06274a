import { useEffect, useState } from "preact/hooks";
import type { PersonView } from "../call/view.js";
import { hueOf, initialsOf } from "./avatar.js";
import { useStream } from "./hooks.js";
import { MicrophoneIcon } from "./icons.js";
import { text } from "./text.js";
import { TrustMark, markOf } from "./trust-mark.js";

interface Props {
  person: PersonView;
  camera: MediaStream | undefined;
  /** Known of the own microphone alone. */
  muted: boolean;
}

/** One person: the picture, or the initials until there is one. */
export function Tile({ person, camera, muted }: Props) {
  const video = useStream<HTMLVideoElement>(camera);
  const [shown, setShown] = useState(false);
  useEffect(() => setShown(false), [camera]);
  const live = camera !== undefined && shown;
  const mark = markOf(person.trust);
  const label = person.own
    ? text.call.ownLabel(person.name)
    : text.trust.tileLabel(person.name, text.trust.mark[mark]);
  const doubt = person.doubt === undefined ? undefined : text.doubt[person.doubt];
  return (
    <li
      class={person.present ? "tile" : "tile away"}
      aria-label={doubt === undefined ? label : `${label}, ${doubt}`}
      data-client={person.client}
      data-own={String(person.own)}
      style={{ "--hue": String(hueOf(person.identity)) }}
    >
      <span class="avatar" aria-hidden="true">
        {initialsOf(person.name)}
      </span>
      {camera !== undefined && (
        <video
          ref={video}
          class={`${person.own ? "mirrored" : ""} ${live ? "live" : ""}`}
          onLoadedData={() => setShown(true)}
          muted
          playsInline
          autoplay
        />
      )}
      <span class="name">
        {muted && <MicrophoneIcon off />}
        <span class="name-text">{person.name}</span>
        {!person.own && <TrustMark mark={mark} />}
        {person.own && <span class="you">{text.call.you}</span>}
        {doubt !== undefined && <span class="doubt">{doubt}</span>}
      </span>
    </li>
  );
}
