import { useEffect, useState } from "preact/hooks";
import type { SpeakerView } from "../call/devices.js";
import type { Observable } from "../call/observable.js";
import { speakerInUse } from "../call/speaker.js";
import type { PersonView } from "../call/view.js";
import { errorOf, report } from "../report.js";
import { isRefusal, useObservable, useStream } from "./hooks.js";
import { text } from "./text.js";

/** Plays what the others say. Where the browser wants a click for that, asks for one. */
export function AudioOut(props: {
  people: readonly PersonView[];
  speaker: Observable<SpeakerView>;
}) {
  const { people } = props;
  const speaker = speakerInUse(useObservable(props.speaker));
  const [blocked, setBlocked] = useState<ReadonlySet<HTMLAudioElement>>(new Set());
  const mark = (element: HTMLAudioElement, isBlocked: boolean) =>
    setBlocked(before => {
      if (before.has(element) === isBlocked) return before;
      const after = new Set(before);
      if (isBlocked) after.add(element);
      else after.delete(element);
      return after;
    });
  const heard = people.flatMap(({ client, own, streams }) =>
    own
      ? []
      : (["microphone", "screen_audio"] as const).flatMap(source => {
          const stream = streams.get(source);
          return stream === undefined ? [] : [{ key: `${client} ${source}`, stream }];
        }),
  );

  // In the click itself: that is what the browser waits for.
  const turnOn = () => {
    setBlocked(new Set());
    for (const element of blocked) {
      element.play().catch((error: unknown) => {
        if (isRefusal(error)) mark(element, true);
      });
    }
  };

  return (
    <>
      {heard.map(({ key, stream }) => (
        <Voice key={key} stream={stream} speaker={speaker} mark={mark} />
      ))}
      {blocked.size > 0 && (
        <div class="sound-blocked" role="alert">
          <p>{text.call.soundBlocked}</p>
          <button type="button" class="button primary" onClick={turnOn}>
            {text.call.unmute}
          </button>
        </div>
      )}
    </>
  );
}

interface VoiceProps {
  stream: MediaStream;
  /** The id of the device that plays it; empty for the browser's choice. */
  speaker: string;
  mark: (element: HTMLAudioElement, isBlocked: boolean) => void;
}

function Voice({ stream, speaker, mark }: VoiceProps) {
  const audio = useStream<HTMLAudioElement>(stream, element => mark(element, true));
  useEffect(() => {
    const element = audio.current as { setSinkId?: (id: string) => Promise<void> } | null;
    // What the browser refuses leaves the sound where it was.
    element
      ?.setSinkId?.(speaker)
      .catch((error: unknown) => report("speaker-refused", errorOf(error)));
  }, [speaker]);
  useEffect(() => {
    const element = audio.current;
    return () => {
      if (element !== null) mark(element, false);
    };
  }, []);
  return <audio ref={audio} autoplay onPlaying={event => mark(event.currentTarget, false)} />;
}
