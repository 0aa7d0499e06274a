import { useState } from "preact/hooks";
import type { PersonView } from "../call/view.js";
import { useStream } from "./hooks.js";
import { text } from "./text.en.js";

/** Plays what the others say. Where the browser wants a click for that, asks for one. */
export function AudioOut({ people }: { people: readonly PersonView[] }) {
  const [blocked, setBlocked] = useState(false);
  const [tries, setTries] = useState(0);
  const heard = people.flatMap(({ client, own, streams }) =>
    own
      ? []
      : (["microphone", "screen_audio"] as const).flatMap(source => {
          const stream = streams.get(source);
          return stream === undefined ? [] : [{ key: `${client} ${source} ${tries}`, stream }];
        }),
  );
  return (
    <>
      {heard.map(({ key, stream }) => (
        <Voice key={key} stream={stream} blocked={() => setBlocked(true)} />
      ))}
      {blocked && (
        <div class="sound-blocked" role="alert">
          <p>{text.call.soundBlocked}</p>
          <button
            type="button"
            class="button primary"
            onClick={() => {
              setBlocked(false);
              setTries(tries + 1);
            }}
          >
            {text.call.unmute}
          </button>
        </div>
      )}
    </>
  );
}

function Voice({ stream, blocked }: { stream: MediaStream; blocked: () => void }) {
  const audio = useStream<HTMLAudioElement>(stream, blocked);
  return <audio ref={audio} autoplay />;
}
