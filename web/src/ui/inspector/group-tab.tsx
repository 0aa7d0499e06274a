import type { ComponentChildren } from "preact";
import type { GroupInspection } from "../../generated/GroupInspection.js";
import type { Inspection } from "../../generated/Inspection.js";
import type { MemberInspection } from "../../generated/MemberInspection.js";
import { type Names, duration, short, until } from "./format.js";
import type { TabProps } from "./index.js";
import { TreeLegend, TreePicture } from "./tree-picture.js";
import { inspectorText } from "./text.js";

/** So many of the queue are drawn: from the fourth on all wait for the same time. */
const TURNS_MAX = 8;

const words = inspectorText.group;

/** The tree, whose turn it is, what is left to do, who is in. */
export function GroupTab({ view, names }: TabProps) {
  const core = view.worker?.core;
  const group = core?.group;
  if (core === null || core === undefined || group === null || group === undefined) {
    return <p>{inspectorText.none}</p>;
  }
  const { tree, members } = group;
  const author = members.find(({ leaf }) => leaf === tree.renewed_by);
  return (
    <>
      <dl class="facts">
        <Fact name={words.epoch}>
          <b data-testid="epoch">{group.epoch}</b>
        </Fact>
        <Fact name={words.people}>{members.length}</Fact>
        <Fact name={words.began}>#{group.began}</Fact>
        <Fact name={words.id}>
          <code title={group.id}>{short(group.id)}</code>
        </Fact>
      </dl>
      <h3>{words.tree}</h3>
      <TreePicture tree={tree} members={members} />
      <TreeLegend />
      <p class="hint">{author === undefined ? words.noPath : words.renewedBy(author.name)}</p>
      <h3>{words.turns}</h3>
      <Turns members={members} names={names} />
      <h3>{words.work}</h3>
      <Work core={core} group={group} names={names} />
      <h3>{words.members}</h3>
      <Members group={group} names={names} />
    </>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The queue of those who commit: each waits longer than the one before, the last ones alike. */
function Turns({ members, names }: { members: readonly MemberInspection[]; names: Names }) {
  const queue = members
    .filter(({ rank }) => rank !== null)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  if (queue.length === 0) return <p>{words.turnsNone}</p>;
  const others = queue.slice(TURNS_MAX);
  return (
    <ol class="turns">
      {queue.slice(0, TURNS_MAX).map(({ client, leaf, waits_ms, passed_over }) => (
        <li key={client} class={passed_over ? "passed-over" : undefined}>
          <span class="turn-name">{names.of(client)}</span>
          <span class="turn-wait">
            {waits_ms === 0 ? words.now : words.after(duration(waits_ms ?? 0))}
            {passed_over && `, ${words.passedOver}`}
          </span>
          <span class="leaf-chip" title={words.columns.leaf}>
            {leaf}
          </span>
        </li>
      ))}
      {others.length > 0 && (
        <li class="turn-wait">
          {words.moreTurns(others.length, duration(others[0]?.waits_ms ?? 0))}
        </li>
      )}
    </ol>
  );
}

function Work({ core, group, names }: { core: Inspection; group: GroupInspection; names: Names }) {
  const { work } = group;
  const { now } = core;
  const idle = work.adds.length === 0 && work.removes.length === 0;
  const list = (clients: readonly string[]) => clients.map(client => names.of(client)).join(", ");
  return (
    <>
      {idle && <p data-testid="no-work">{words.workNone}</p>}
      {work.since !== null && (
        <p class="warn-text">{words.workSince(duration(now - work.since))}</p>
      )}
      <dl class="facts wide">
        {work.adds.length > 0 && <Fact name={words.adds}>{list(work.adds)}</Fact>}
        {work.removes.length > 0 && <Fact name={words.removes}>{list(work.removes)}</Fact>}
        {work.unaddable.length > 0 && <Fact name={words.unaddable}>{list(work.unaddable)}</Fact>}
        {work.own_turn !== null && <Fact name={words.ownTurn}>{until(work.own_turn, now)}</Fact>}
        {work.rekey_due !== null && <Fact name={words.rekey}>{until(work.rekey_due, now)}</Fact>}
        {work.in_flight !== null && (
          <Fact name={words.inFlight}>
            {words.inFlightText(work.in_flight.parent, work.in_flight.adds, work.in_flight.path)}
          </Fact>
        )}
        {(core.room?.newcomers ?? []).map(({ client, arrived, broken }) => (
          <Fact key={client} name={words.newcomers}>
            <code>{short(client)}</code> {words.arrivedWith(arrived)}
            {broken !== null && (
              <span class="bad-text"> {inspectorText.log.refused(broken.rule, broken.text)}</span>
            )}
          </Fact>
        ))}
      </dl>
    </>
  );
}

function Members({ group, names }: { group: GroupInspection; names: Names }) {
  const { columns } = words;
  const renewed = new Set(
    group.tree.nodes.filter(({ renewed }) => renewed).map(({ node }) => node / 2),
  );
  return (
    <div class="table-place" tabIndex={0} role="group" aria-label={words.members}>
      <table data-testid="members">
        <thead>
          <tr>
            <th scope="col">{columns.leaf}</th>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.client}</th>
            <th scope="col">{columns.rank}</th>
            <th scope="col">{columns.state}</th>
          </tr>
        </thead>
        <tbody>
          {group.members.map(member => (
            <tr key={member.client}>
              <td>{member.leaf}</td>
              <th scope="row">{names.of(member.client)}</th>
              <td>
                <code title={member.client}>{short(member.client)}</code>
              </td>
              <td>{member.rank ?? "–"}</td>
              <td>{stateOf(member, renewed.has(member.leaf))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function stateOf(member: MemberInspection, ownPath: boolean): string {
  const { state } = words;
  const parts = [
    ...(member.present ? [] : [state.away]),
    ...(member.present && !member.entered ? [state.waiting] : []),
    ...(member.confirmed ? [] : [state.unconfirmed]),
    ...(member.silent ? [state.silent] : []),
    ...(member.elsewhere ? [state.elsewhere] : []),
    ...(member.passed_over ? [state.passedOver] : []),
  ];
  return [...(parts.length === 0 ? [state.fine] : parts), ...(ownPath ? [state.renewed] : [])].join(
    ", ",
  );
}
