import type { Trust } from "../call/trust.js";
import type { PersonView } from "../call/view.js";
import { WarningIcon } from "./icons.js";
import { text } from "./text.en.js";
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

function PersonRow({ person, mark, unmark }: Omit<Props, "people"> & { person: PersonView }) {
  const { client, name, identity, own, trust } = person;
  const label = own ? text.call.ownLabel(name) : name;
  const { type } = trust.state;
  const others = !own && type !== "own_key";
  const renamed = trust.warnings.some(warning => warning.type === "renamed");
  return (
    <li data-client={client}>
      <div class="who">
        <span class="who-name">{label}</span>
        {!own && <TrustMark mark={markOf(trust)} />}
      </div>
      {!own && <p class="hint">{stateWords(trust)}</p>}
      {trust.warnings.map(warning => (
        <p key={warning.type} class="caution">
          <WarningIcon />
          <span>{text.trust.warning(name, warning)}</span>
        </p>
      ))}
      {others && type !== "unconfirmed" && (
        <div class="row">
          {(type !== "verified" || renamed) && (
            <button
              type="button"
              class="button small"
              aria-label={text.verify.ofPerson(text.verify.mark, name)}
              onClick={() => mark(identity, name)}
            >
              {text.verify.mark}
            </button>
          )}
          {type === "verified" && (
            <button
              type="button"
              class="button small"
              aria-label={text.verify.ofPerson(text.verify.unmark, name)}
              onClick={() => unmark(identity)}
            >
              {text.verify.unmark}
            </button>
          )}
        </div>
      )}
    </li>
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
