import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { DevicesView } from "../call/devices.js";
import { reorder } from "../call/stage-order.js";
import type { CallView, PersonView } from "../call/view.js";
import type { Place } from "../call/views.js";
import { useSize, useTrackStream } from "./hooks.js";
import { NextIcon, PreviousIcon } from "./icons.js";
import { capacityOf, gridOf, splitOf, stripCapacityOf } from "./layout.js";
import { ShareTile } from "./share-tile.js";
import { useSight } from "./sight.js";
import { text } from "./text.js";
import { Tile } from "./tile.js";

const GAP_PX = 10;

export type Layout = "grid" | "speaker";

interface Props {
  view: CallView;
  people: readonly PersonView[];
  devices: DevicesView;
  layout: Layout;
  selfHidden: boolean;
  pinned: string | undefined;
  pin: (client: string | undefined) => void;
  /** Who is shown large, if anybody is. */
  shown: (client: string | undefined) => void;
  /** Where the others' pictures are in sight. */
  sees: (places: readonly Place[]) => void;
}

/** Everyone, and what they share: as a grid, or somebody large and the others beside. */
export function Stage(props: Props) {
  const { view, people, devices, layout, selfHidden, pinned, pin, shown, sees } = props;
  const ref = useRef<HTMLElement>(null);
  const { width, height } = useSize(ref);
  // Here, so that another page is another drawing of the stage: what is in sight is looked at after each.
  const [page, setPage] = useState(0);
  const self = useTrackStream(devices.camera.track);
  const shared = useTrackStream(view.share.track);
  const seen = selfHidden && people.length > 1 ? people.filter(({ own }) => !own) : people;
  const shares = sharesOf(people, shared);
  const wanted = useMain(seen, view.lastHeard, layout, pinned);
  // Shares come before whoever speaks, not before a pin.
  const main = shares.length === 0 || wanted?.client === pinned ? wanted : undefined;
  useEffect(() => shown(main?.client), [main?.client]);
  useSight(ref, main?.client, sees);

  const large = shares.length > 0 || main !== undefined;
  const visible = large
    ? stripCapacityOf(width, height, GAP_PX)
    : capacityOf(width, height, GAP_PX);
  const ordered = useOrder(seen, visible, view, pinned);
  const tile = (person: PersonView) => (
    <Tile
      key={person.client}
      person={person}
      camera={person.own ? self : person.streams.get("camera")}
      muted={person.own ? !devices.microphone.on : person.microphone === false}
      reactions={view.reactions.filter(({ client }) => client === person.client)}
      pinned={pinned === person.client}
      pin={
        people.length > 1
          ? () => pin(pinned === person.client ? undefined : person.client)
          : undefined
      }
    />
  );
  return (
    <main class="stage" ref={ref}>
      {large ? (
        <Large
          width={width}
          height={height}
          shares={shares}
          main={main}
          people={ordered}
          tile={tile}
        />
      ) : (
        <Pages
          width={width}
          height={height}
          people={ordered}
          tile={tile}
          wanted={page}
          turn={setPage}
        />
      )}
    </main>
  );
}

export interface Share {
  readonly person: PersonView;
  readonly stream: MediaStream;
}

/** The others' screens; the own one too, so that it is seen what is shown. */
function sharesOf(people: readonly PersonView[], own: MediaStream | undefined): readonly Share[] {
  return people.flatMap(person => {
    const stream = person.own ? own : person.streams.get("screen");
    return stream === undefined ? [] : [{ person, stream }];
  });
}

/** Who is shown large: the pinned person, or in speaker view whoever spoke last of the others. */
function useMain(
  people: readonly PersonView[],
  lastHeard: ReadonlyMap<string, number>,
  layout: Layout,
  pinned: string | undefined,
): PersonView | undefined {
  const last = useRef<string | undefined>(undefined);
  const fixed = people.find(({ client }) => client === pinned);
  if (fixed !== undefined) return fixed;
  const others = people.filter(({ own }) => !own);
  if (layout === "grid" || others.length === 0) return undefined;
  const current = others.find(({ client }) => client === last.current);
  const heard = ({ client }: PersonView) => lastHeard.get(client) ?? -Infinity;
  // Whoever is shown and still speaks is not interrupted.
  const next = current?.speaking
    ? current
    : others.reduce(
        (best, person) => (heard(person) > heard(best) ? person : best),
        current ?? others[0]!,
      );
  last.current = next.client;
  return next;
}

function useOrder(
  people: readonly PersonView[],
  visible: number,
  view: CallView,
  pinned: string | undefined,
): readonly PersonView[] {
  const last = useRef<readonly string[]>([]);
  return useMemo(() => {
    const speaking = new Set(people.filter(person => person.speaking).map(({ client }) => client));
    const clients = people.map(({ client }) => client);
    const now = performance.now();
    const own = people.find(person => person.own)?.client;
    const fixed = { own, pinned };
    last.current = reorder(last.current, clients, visible, speaking, view.lastHeard, now, fixed);
    const byClient = new Map(people.map(person => [person.client, person]));
    return last.current.flatMap(client => byClient.get(client) ?? []);
  }, [people, visible, view.lastHeard, pinned]);
}

interface PartProps {
  width: number;
  height: number;
  people: readonly PersonView[];
  tile: (person: PersonView) => preact.ComponentChild;
}

/** As many tiles as the window holds, and the way to the others. */
function Pages(props: PartProps & { wanted: number; turn: (page: number) => void }) {
  const { width, height, people, tile, wanted, turn } = props;
  const whole = capacityOf(width, height, GAP_PX);
  const paged = people.length > whole;
  const rest = paged ? height - PAGER_PX : height;
  const capacity = paged ? capacityOf(width, rest, GAP_PX) : whole;
  const pages = Math.max(1, Math.ceil(people.length / capacity));
  const page = Math.min(wanted, pages - 1);
  const here = people.slice(page * capacity, (page + 1) * capacity);
  const grid = gridOf(paged ? capacity : here.length, width, rest, GAP_PX);
  return (
    <>
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
        {here.map(tile)}
      </ul>
      {paged && (
        <div class="pager" role="group" aria-label={text.stage.pages}>
          <button
            type="button"
            class="icon-button"
            aria-label={text.stage.previous}
            aria-disabled={page === 0}
            onClick={() => turn(Math.max(0, page - 1))}
          >
            <PreviousIcon />
          </button>
          <span role="status">{text.stage.page(page + 1, pages)}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={text.stage.next}
            aria-disabled={page === pages - 1}
            onClick={() => turn(Math.min(pages - 1, page + 1))}
          >
            <NextIcon />
          </button>
        </div>
      )}
    </>
  );
}

/** The height of the way to the other pages, as in tiles.css. */
const PAGER_PX = 52;

/** What is shared and who is shown large, if anybody is; the others in a strip that scrolls. */
function Large(props: PartProps & { shares: readonly Share[]; main: PersonView | undefined }) {
  const { width, height, people, shares, main, tile } = props;
  const strip = people.filter(person => person !== main);
  const split = splitOf(width, height, GAP_PX);
  const { mainWidth, mainHeight } =
    strip.length > 0 ? split : { mainWidth: width, mainHeight: height };
  const count = shares.length + (main === undefined ? 0 : 1);
  const grid = gridOf(Math.max(1, count), mainWidth, mainHeight, GAP_PX);
  const alone = count < 2;
  const size = alone
    ? { "--tile-width": `${mainWidth}px`, "--tile-height": `${mainHeight}px` }
    : { "--tile-width": `${grid.tileWidth}px`, "--tile-height": `${grid.tileHeight}px` };
  return (
    <div class={`spotlight ${split.side}`} style={{ gap: `${GAP_PX}px` }}>
      <ul
        class="grid"
        aria-label={text.stage.large}
        style={{ ...size, gap: `${GAP_PX}px`, width: `${mainWidth}px`, height: `${mainHeight}px` }}
      >
        {shares.map(share => (
          <ShareTile key={share.person.client} share={share} />
        ))}
        {main !== undefined && tile(main)}
      </ul>
      {strip.length > 0 && (
        <ul
          class="strip"
          aria-label={text.call.grid}
          tabIndex={0}
          style={{
            "--tile-width": `${split.tileWidth}px`,
            "--tile-height": `${split.tileHeight}px`,
            gap: `${GAP_PX}px`,
          }}
        >
          {strip.map(tile)}
        </ul>
      )}
    </div>
  );
}
