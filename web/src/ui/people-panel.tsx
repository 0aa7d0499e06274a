import type { ComponentChildren } from "preact";
import type { Trust } from "../call/trust.js";
import type { PersonView } from "../call/view.js";
import type { HostOrder } from "../generated/HostOrder.js";
import type { RoomView } from "../generated/RoomView.js";
import { hueOf, initialsOf } from "./avatar.js";
import { useHostParts } from "./host/use-parts.js";
import {
  CameraIcon,
  HandIcon,
  InviteIcon,
  MicrophoneIcon,
  RecordIcon,
  ShieldIcon,
  WarningIcon,
} from "./icons.js";
import { Panel } from "./panel.js";
import { QualityMark } from "./quality-mark.js";
import { text } from "./text.js";
import { TrustMark, markOf } from "./trust-mark.js";

interface Props {
  people: readonly PersonView[];
  room: RoomView;
  /** How far those are known who wait to be let in. */
  waitingTrust: ReadonlyMap<string, Trust>;
  /** What a host wants. */
  order: (order: HostOrder) => void;
  invite: () => void;
  verify: () => void;
  close: () => void;
}

/** Everyone in the call, raised hands first in their order, and how far each is known. */
export function PeoplePanel(props: Props) {
  const { people, room, waitingTrust, order, invite, verify, close } = props;
  const parts = useHostParts(room.host);
  const acts = (person: PersonView) =>
    parts !== undefined && !person.own && <parts.PersonActs person={person} order={order} />;
  const raised = people
    .filter(({ handOrder }) => handOrder !== undefined)
    .toSorted((a, b) => (a.handOrder ?? 0) - (b.handOrder ?? 0));
  const others = people.filter(({ handOrder }) => handOrder === undefined);
  return (
    <Panel title={text.people.title(people.length)} close={close} look="people">
      <div class="row panel-actions">
        <button type="button" class="button small" onClick={invite}>
          <InviteIcon />
          {text.people.invite}
        </button>
        <button type="button" class="button small" onClick={verify}>
          <ShieldIcon />
          {text.people.verify}
        </button>
      </div>
      <div
        class="panel-scroll"
        role="group"
        aria-label={text.people.title(people.length)}
        tabIndex={0}
      >
        {parts !== undefined && (
          <parts.RoomControls room={room} trust={waitingTrust} order={order} />
        )}
        {raised.length > 0 && (
          <>
            <h3>{text.people.hands}</h3>
            <ol class="persons">
              {raised.map((person, index) => (
                <PersonRow key={person.client} person={person} place={index + 1}>
                  {acts(person)}
                </PersonRow>
              ))}
            </ol>
            {others.length > 0 && <h3>{text.people.others}</h3>}
          </>
        )}
        <ul class="persons">
          {others.map(person => (
            <PersonRow key={person.client} person={person} place={undefined}>
              {acts(person)}
            </PersonRow>
          ))}
        </ul>
      </div>
    </Panel>
  );
}

function PersonRow({
  person,
  place,
  children,
}: {
  person: PersonView;
  place: number | undefined;
  children: ComponentChildren;
}) {
  const { name, own, trust, doubt, lost } = person;
  const caution =
    doubt === undefined
      ? trust.warnings.map(warning => text.trust.warning(name, warning))
      : [text.doubt.explain[doubt]];
  return (
    <li data-client={person.client} style={{ "--hue": String(hueOf(person.identity)) }}>
      <div class="person">
        <span class="avatar small" aria-hidden="true">
          {initialsOf(name)}
        </span>
        <span class="person-name">{own ? text.call.ownLabel(name) : name}</span>
        {place !== undefined && (
          <span class="hand-place" aria-label={text.people.place(place)}>
            <HandIcon />
            {place}
          </span>
        )}
        {person.host && <span class="person-host">{text.people.host}</span>}
        {!own && <TrustMark mark={markOf(trust)} />}
        <QualityMark quality={person.quality} unreadable={person.unreadable} own={own} />
        {person.microphone === false && (
          <span role="img" aria-label={text.tile.muted}>
            <MicrophoneIcon off />
          </span>
        )}
        {person.camera === false && (
          <span role="img" aria-label={text.people.cameraOff}>
            <CameraIcon off />
          </span>
        )}
      </div>
      {person.recording && (
        <p class="records">
          <RecordIcon />
          <span>{text.people.recording}</span>
        </p>
      )}
      {lost && <p class="hint">{text.tile.lost}</p>}
      {caution.map(words => (
        <p key={words} class="caution">
          <WarningIcon />
          <span>{words}</span>
        </p>
      ))}
      {children}
    </li>
  );
}
