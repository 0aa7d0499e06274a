import { useEffect, useState } from "preact/hooks";
import type { PersonView, ReactionView } from "../call/view.js";
import { hueOf, initialsOf } from "./avatar.js";
import { useStream } from "./hooks.js";
import { HandIcon, MicrophoneIcon, PinIcon, RecordIcon } from "./icons.js";
import { QualityMark } from "./quality-mark.js";
import { text } from "./text.js";
import { TrustMark, markOf } from "./trust-mark.js";

interface Props {
  person: PersonView;
  camera: MediaStream | undefined;
  muted: boolean;
  reactions: readonly ReactionView[];
  pinned: boolean;
  /** Pins the person, or takes the pin away. */
  pin: (() => void) | undefined;
}

/** One person: the picture, or the initials until there is one. */
export function Tile({ person, camera, muted, reactions, pinned, pin }: Props) {
  const video = useStream<HTMLVideoElement>(camera);
  const [shown, setShown] = useState(false);
  useEffect(() => setShown(false), [camera]);
  const live = camera !== undefined && shown && !person.lost;
  const mark = markOf(person.trust);
  // That the server calls somebody lost must not hide a doubt.
  const lost = person.lost ? text.tile.lost : undefined;
  const doubt = person.doubt === undefined ? lost : text.doubt[person.doubt];
  const label = [
    person.own
      ? text.call.ownLabel(person.name)
      : text.trust.tileLabel(person.name, text.trust.mark[mark]),
    muted ? text.tile.muted : undefined,
    person.recording ? text.tile.recording : undefined,
    person.handOrder === undefined ? undefined : text.tile.hand,
    doubt,
  ];
  return (
    <li
      class={`tile${person.present ? "" : " away"}${person.speaking ? " speaking" : ""}`}
      aria-label={label.filter(part => part !== undefined).join(", ")}
      data-client={person.client}
      data-own={String(person.own)}
      style={{ "--hue": String(hueOf(person.identity)) }}
      onDblClick={pin}
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
      <span class="reactions" aria-hidden="true">
        {reactions.map(({ id, emoji }) => (
          <span key={id} class="reaction">
            {emoji}
          </span>
        ))}
      </span>
      <span class="tile-tools">
        {person.recording && (
          <span class="recording">
            <RecordIcon />
            <span class="recording-word">{text.tile.recording}</span>
          </span>
        )}
        {person.handOrder !== undefined && (
          <span class="hand">
            <HandIcon />
          </span>
        )}
        <QualityMark quality={person.quality} unreadable={person.unreadable} own={person.own} />
        {pin !== undefined && (
          <button
            type="button"
            class="icon-button pin"
            aria-label={pinned ? text.tile.unpin(person.name) : text.tile.pin(person.name)}
            aria-pressed={pinned}
            title={pinned ? text.tile.unpinTip : text.tile.pinTip}
            onClick={pin}
          >
            <PinIcon />
          </button>
        )}
      </span>
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
