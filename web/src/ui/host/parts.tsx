/** What hosts see: the lock, who waits, whom they removed, what they can do with each person, the end for everyone. */
import { useEffect, useId, useState } from "preact/hooks";
import type { Trust } from "../../call/trust.js";
import type { PersonView } from "../../call/view.js";
import type { HostOrder } from "../../generated/HostOrder.js";
import type { RoomView } from "../../generated/RoomView.js";
import type { Waiting } from "../../generated/Waiting.js";
import { Dialog } from "../dialog.js";
import { LinkIcon, WarningIcon } from "../icons.js";
import { text } from "../text.js";
import { TrustMark, markOf } from "../trust-mark.js";
import { hostText } from "./text.js";

type Orders = (order: HostOrder) => void;

interface RoomProps {
  room: RoomView;
  /** How far those are known who wait, by client. */
  trust: ReadonlyMap<string, Trust>;
  order: Orders;
}

/** Above the list of people. */
export function RoomControls({ room, trust, order }: RoomProps) {
  const { locked, barred } = room;
  const waiting = room.waiting.filter(({ identity }) => identity !== "");
  const unfit = room.waiting.filter(({ identity }) => identity === "");
  const hint = useId();
  return (
    <section class="host-controls" aria-label={hostText.title}>
      <label class="check">
        <input
          type="checkbox"
          role="switch"
          checked={locked}
          aria-describedby={hint}
          onChange={event => {
            // What is shown is what the call has confirmed.
            event.currentTarget.checked = locked;
            order({ type: locked ? "unlock" : "lock" });
          }}
        />
        <span>{hostText.lock}</span>
      </label>
      <p id={hint} class="hint">
        {hostText.lockHint}
      </p>
      {waiting.length > 0 && (
        <>
          <h3>{hostText.waiting(waiting.length)}</h3>
          <p class="hint">{hostText.waitingHint}</p>
          <ul class="persons" data-testid="waiting">
            {waiting.map(one => (
              <WaitingRow
                key={one.client}
                waiting={one}
                trust={trust.get(one.client)}
                order={order}
              />
            ))}
          </ul>
          {waiting.length > 1 && (
            <button type="button" class="button small" onClick={() => order({ type: "admit_all" })}>
              {hostText.admitAll}
            </button>
          )}
        </>
      )}
      {unfit.length > 0 && (
        <ul class="persons">
          {unfit.map(({ client }) => (
            <li key={client} class="host-row">
              <span class="person-name">{hostText.unfit}</span>
              <Act
                name={hostText.refuse}
                of={hostText.unfit}
                act={() => order({ type: "remove", client })}
              />
            </li>
          ))}
        </ul>
      )}
      {barred.length > 0 && (
        <details>
          <summary>{`${hostText.barred} (${barred.length})`}</summary>
          <ul class="persons">
            {barred.map(({ tag, name }) => (
              <li key={tag} class="host-row">
                <span class="person-name">{name ?? hostText.nobody}</span>
                <Act
                  name={hostText.letBack}
                  of={name ?? hostText.nobody}
                  act={() => order({ type: "let_back", tag })}
                />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

interface WaitingProps {
  waiting: Waiting;
  trust: Trust | undefined;
  order: Orders;
}

/** Somebody who waits, with the marks that it would have inside. */
function WaitingRow({ waiting: { client, name }, trust, order }: WaitingProps) {
  return (
    <li class="host-row">
      <span class="person-name">{name}</span>
      {trust !== undefined && <TrustMark mark={markOf(trust)} />}
      <Act name={hostText.admit} of={name} primary act={() => order({ type: "admit", client })} />
      <Act name={hostText.refuse} of={name} act={() => order({ type: "remove", client })} />
      {trust?.warnings.map(warning => (
        <p key={warning.type} class="caution">
          <WarningIcon />
          <span>{text.trust.warning(name, warning)}</span>
        </p>
      ))}
    </li>
  );
}

/** Below a person in the list. */
export function PersonActs({ person, order }: { person: PersonView; order: Orders }) {
  const [asking, setAsking] = useState(false);
  const { client, name } = person;
  return (
    <div class="host-row">
      {person.microphone === true && (
        <Act name={hostText.mute} of={name} act={() => order({ type: "mute", client })} />
      )}
      <Act name={hostText.remove} of={name} act={() => setAsking(true)} />
      {asking && (
        <Sure
          title={hostText.removeTitle(name)}
          explain={hostText.removeExplain}
          yes={hostText.remove}
          act={() => order({ type: "remove", client })}
          close={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** Asks once more before the call is over for everyone. */
export function EndDialog({ end, close }: { end: () => void; close: () => void }) {
  return (
    <Sure
      title={hostText.endTitle}
      explain={hostText.endExplain}
      yes={hostText.end}
      act={end}
      close={close}
    />
  );
}

interface LeaveProps {
  locked: boolean;
  order: Orders;
  leave: () => void;
  close: () => void;
}

/** Asks the last host of a locked call whether to unlock it first: whoever comes later could not be let in. */
export function LeaveDialog({ locked, order, leave, close }: LeaveProps) {
  const [unlocking, setUnlocking] = useState(false);
  useEffect(() => {
    // Not before the call has confirmed it.
    if (!locked) leave();
  }, [locked]);
  return (
    <Dialog title={hostText.leaveTitle} close={close} look="sure">
      <p>{hostText.leaveExplain}</p>
      <p role="status">{unlocking && hostText.unlocking}</p>
      <div class="row">
        <button
          type="button"
          class="button primary"
          onClick={() => {
            setUnlocking(true);
            order({ type: "unlock" });
          }}
        >
          {hostText.unlockAndLeave}
        </button>
        <button type="button" class="button bad" onClick={leave}>
          {hostText.leaveLocked}
        </button>
        <button type="button" class="button" onClick={close}>
          {hostText.keep}
        </button>
      </div>
    </Dialog>
  );
}

/** The other link, which is not shown, and copied only by who wants to share it. */
export function HostLink({ copy }: { copy: (copied: string) => void }) {
  return (
    <details class="host-link">
      <summary>{hostText.linkTitle}</summary>
      <p>{hostText.linkExplain}</p>
      <button type="button" class="button" onClick={() => copy(hostText.copied)}>
        <LinkIcon />
        {hostText.copyLink}
      </button>
    </details>
  );
}

interface ActProps {
  name: string;
  /** Whom it concerns. */
  of: string;
  primary?: boolean;
  act: () => void;
}

function Act({ name, of, primary = false, act }: ActProps) {
  return (
    <button
      type="button"
      class={`button small${primary ? " primary" : ""}`}
      aria-label={hostText.ofPerson(name, of)}
      onClick={act}
    >
      {name}
    </button>
  );
}

interface SureProps {
  title: string;
  explain: string;
  yes: string;
  act: () => void;
  close: () => void;
}

function Sure({ title, explain, yes, act, close }: SureProps) {
  return (
    <Dialog title={title} close={close} look="sure">
      <p>{explain}</p>
      <div class="row">
        <button
          type="button"
          class="button bad"
          onClick={() => {
            close();
            act();
          }}
        >
          {yes}
        </button>
        <button type="button" class="button" onClick={close}>
          {hostText.keep}
        </button>
      </div>
    </Dialog>
  );
}
