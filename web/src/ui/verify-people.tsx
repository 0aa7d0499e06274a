import { useRef } from "preact/hooks";
import type { Trust } from "../call/trust.js";
import type { PersonView } from "../call/view.js";
import { WarningIcon } from "./icons.js";
import { text } from "./text.js";
import { TrustMark, markOf } from "./trust-mark.js";

interface Props {
  people: readonly PersonView[];
  mark: (identity: string, name: string) => void;
  unmark: (identity: string) => void;
}

/** Everyone in the call, how far they are known, and the marks that one can give and take back. */
export function VerifyPeople({ people, mark, unmark }: Props) {
  return (
    <ul class="names">
      {people.map(person => (
        <PersonRow key={person.client} person={person} mark={mark} unmark={unmark} />
      ))}
    </ul>
  );
}

type RowProps = Omit<Props, "people"> & { person: PersonView };

function PersonRow({ person, mark, unmark }: RowProps) {
  const { client, name, own, trust, doubt, unreadable } = person;
  const label = own ? text.call.ownLabel(name) : name;
  const { type } = trust.state;
  const others = !own && type !== "own_key";
  return (
    <li data-client={client}>
      <div class="who">
        <span class="who-name">{label}</span>
        {!own && <TrustMark mark={markOf(trust)} />}
      </div>
      {!own && <p class="hint">{stateWords(trust)}</p>}
      {doubt !== undefined && (
        <p class="caution" data-doubt={doubt}>
          <WarningIcon />
          <span>{text.doubt.explain[doubt]}</span>
        </p>
      )}
      {unreadable !== undefined && (
        <p class="caution" data-unreadable={unreadable}>
          <WarningIcon />
          <span>{text.quality.unreadable[unreadable]}</span>
        </p>
      )}
      {trust.warnings.map(warning => (
        <p key={warning.type} class="caution">
          <WarningIcon />
          <span>{text.trust.warning(name, warning)}</span>
        </p>
      ))}
      {others && type !== "unconfirmed" && (
        <MarkButtons person={person} mark={mark} unmark={unmark} />
      )}
    </li>
  );
}

/** One of them is always there, and keeps the focus whatever is pressed. */
function MarkButtons({ person, mark, unmark }: RowProps) {
  const { name, identity, trust } = person;
  const first = useRef<HTMLButtonElement>(null);
  const verified = trust.state.type === "verified";
  const renamed = trust.warnings.some(warning => warning.type === "renamed");
  const marking = { label: text.verify.mark, act: () => mark(identity, name) };
  const unmarking = { label: text.verify.unmark, act: () => unmark(identity) };
  const actions = verified ? (renamed ? [marking, unmarking] : [unmarking]) : [marking];
  return (
    <div class="row">
      {actions.map(({ label, act }, index) => (
        <button
          key={index}
          ref={index === 0 ? first : null}
          type="button"
          class="button small"
          aria-label={text.verify.ofPerson(label, name)}
          onClick={() => {
            first.current?.focus();
            act();
          }}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

function stateWords({ state }: Trust): string {
  switch (state.type) {
    case "verified":
      return text.trust.verified(state.name, state.at);
    case "seen":
      return text.trust.seen(state.first);
    default:
      return text.trust[state.type];
  }
}
