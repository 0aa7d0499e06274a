import { useRef } from "preact/hooks";
import type { DevicesView } from "../call/devices.js";
import type { PersonView } from "../call/view.js";
import { useSize, useTrackStream } from "./hooks.js";
import { gridOf } from "./layout.js";
import { text } from "./text.js";
import { Tile } from "./tile.js";

const GAP_PX = 12;

/** All tiles, as large as the window lets them be. */
export function Grid(props: { people: readonly PersonView[]; devices: DevicesView }) {
  const { people, devices } = props;
  const ref = useRef<HTMLElement>(null);
  const { width, height } = useSize(ref);
  const self = useTrackStream(devices.camera.track);
  const grid = gridOf(people.length, width, height, GAP_PX);
  return (
    <main class="stage" ref={ref}>
      <ul
        class="grid"
        aria-label={text.call.grid}
        style={{
          "--tile-width": `${grid.tileWidth}px`,
          "--tile-height": `${grid.tileHeight}px`,
          gap: `${GAP_PX}px`,
          // As wide as its columns, so that rows break where the layout says.
          width: `${grid.columns * (grid.tileWidth + GAP_PX) - GAP_PX}px`,
        }}
      >
        {people.map(person => (
          <Tile
            key={person.client}
            person={person}
            camera={person.own ? self : person.streams.get("camera")}
            muted={person.own && !devices.microphone.on}
          />
        ))}
      </ul>
    </main>
  );
}
