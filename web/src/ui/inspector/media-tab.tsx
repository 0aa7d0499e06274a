import type { LineRates, LineSample, Way } from "../../call/inspection.js";
import { type Names, bitRate } from "./format.js";
import type { TabProps } from "./index.js";
import { inspectorText } from "./text.js";

const words = inspectorText.media;
/** The picture of a line's bit rate, in its own units. */
const SPARK = { width: 240, height: 40, points: 60 };

/** What the browser measures of every line, and of the way to the server. */
export function MediaTab({ view, history, names }: TabProps) {
  const { lines, way } = view.media;
  const used = lines.filter(({ use }) => use !== undefined);
  return (
    <>
      <h3>{words.title}</h3>
      {used.length === 0 && <p>{words.none}</p>}
      {used.map(line => (
        <LineCard key={line.id} line={line} rates={history.get(line.id) ?? []} names={names} />
      ))}
      {way !== undefined && <WayCard way={way} />}
    </>
  );
}

function LineCard({
  line,
  rates,
  names,
}: {
  line: LineSample;
  rates: readonly LineRates[];
  names: Names;
}) {
  const last = rates.at(-1);
  const facts: [string, string | undefined][] = [
    [words.codec, line.codec],
    [words.rate, last && bitRate(last.bitsPerSecond)],
    [words.loss, last?.lossShare === undefined ? undefined : percent(last.lossShare)],
    [words.jitter, ms(line.jitterMs)],
    [words.roundTrip, ms(line.roundTripMs)],
    [words.picture, pictureOf(line, last)],
    [words.place, placeOf(line)],
    [words.paused, line.paused === true ? words.nobody(line.direction) : undefined],
    [words.keyFrames, line.frames === undefined ? undefined : whole(line.keyFrames)],
    [words.wishes, line.frames === undefined ? undefined : whole(line.pli)],
    [words.nack, whole(line.nack)],
    [words.limitedBy, line.limitedBy === "none" ? undefined : line.limitedBy],
  ];
  return (
    <section class="line-card" data-testid="media-line">
      <h4>{titleOf(line, names)}</h4>
      <Spark rates={rates} />
      <Facts facts={facts} />
    </section>
  );
}

function WayCard({ way }: { way: Way }) {
  const facts: [string, string | undefined][] = [
    [words.state, way.state],
    [words.roundTrip, ms(way.roundTripMs)],
    [
      words.path,
      [way.protocol, way.localType, way.remoteType].filter(part => part !== undefined).join(", "),
    ],
    [
      words.ciphers,
      [way.dtls, way.srtp].filter(part => part !== undefined).join(", ") || undefined,
    ],
    [words.available, way.availableBps === undefined ? undefined : bitRate(way.availableBps)],
  ];
  return (
    <section class="line-card">
      <h4>{words.way}</h4>
      <Facts facts={facts} />
    </section>
  );
}

function Facts({ facts }: { facts: readonly [string, string | undefined][] }) {
  return (
    <dl class="facts small">
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** The bit rate, the newest at the end; its highest reaches the top. */
function Spark({ rates }: { rates: readonly LineRates[] }) {
  const { width, height, points } = SPARK;
  const highest = Math.max(1, ...rates.map(({ bitsPerSecond }) => bitsPerSecond));
  const step = width / (points - 1);
  const first = width - (rates.length - 1) * step;
  const at = rates.map(
    ({ bitsPerSecond }, index) =>
      `${(first + index * step).toFixed(1)} ${(height - 2 - (bitsPerSecond / highest) * (height - 6)).toFixed(1)}`,
  );
  return (
    <svg
      class="spark"
      role="img"
      aria-label={words.bitrate}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <path class="timeline-ground" d={`M0 ${height - 1}H${width}`} />
      {at.length > 1 && (
        <>
          <path class="spark-area" d={`M${at.join("L")}L${width} ${height}H${first.toFixed(1)}Z`} />
          <path class="spark-line" d={`M${at.join("L")}`} />
        </>
      )}
    </svg>
  );
}

function placeOf({ place }: LineSample): string | undefined {
  return place === undefined || place === 0 ? undefined : `${place} px`;
}

function titleOf({ use, rid }: LineSample, names: Names): string {
  if (use === undefined) return words.unused;
  const name = inspectorText.source[use.source];
  const source = rid === undefined ? name : words.layer(name, rid);
  return use.type === "send"
    ? inspectorText.frames.sent(source)
    : inspectorText.frames.received(names.of(use.client), source);
}

function pictureOf(
  { width, height }: LineSample,
  rates: LineRates | undefined,
): string | undefined {
  if (width === undefined || height === undefined) return undefined;
  const frames = rates?.framesPerSecond;
  return `${width} × ${height}${frames === undefined ? "" : ` · ${frames.toFixed(0)} fps`}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function ms(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(1)} ms`;
}

function whole(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
