import { useRef } from "preact/hooks";
import { errorOf, report } from "../report.js";
import { useStream } from "./hooks.js";
import { FullScreenIcon } from "./icons.js";
import type { Share } from "./stage.js";
import { text } from "./text.js";

/** A screen that somebody shows, whole and as large as it gets. */
export function ShareTile({ share: { person, stream } }: { share: Share }) {
  const video = useStream<HTMLVideoElement>(stream);
  const place = useRef<HTMLLIElement>(null);
  const label = person.own ? text.share.own : text.share.of(person.name);
  return (
    <li
      ref={place}
      class="tile share"
      aria-label={label}
      data-share={person.client}
      data-own={String(person.own)}
    >
      <video ref={video} class="live" muted playsInline autoplay />
      <span class="name">
        <span class="name-text">{label}</span>
      </span>
      {document.fullscreenEnabled && (
        <span class="tile-tools">
          <button
            type="button"
            class="icon-button"
            aria-label={text.share.fullScreen(person.name)}
            title={text.stage.fullScreen}
            onClick={() => {
              if (document.fullscreenElement === place.current) void document.exitFullscreen();
              else {
                place.current
                  ?.requestFullscreen()
                  .catch((error: unknown) => report("no-full-screen", errorOf(error)));
              }
            }}
          >
            <FullScreenIcon />
          </button>
        </span>
      )}
    </li>
  );
}
