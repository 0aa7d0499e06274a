import { useEffect, useRef, useState } from "preact/hooks";
import type { CallController } from "../call/call-controller.js";
import type { Devices, DevicesView } from "../call/devices.js";
import type { Route } from "../call/link.js";
import type { Observable } from "../call/observable.js";
import type { CallView, PersonView } from "../call/view.js";
import { Alarms } from "./alarms.js";
import { AudioOut } from "./audio-out.js";
import { Grid } from "./grid.js";
import { useKey, useObservable, useUnchanged } from "./hooks.js";
import { InspectorLoader } from "./inspector/loader.js";
import { LockIcon, Logo, OpenLockIcon, PeopleIcon } from "./icons.js";
import { PageTitle } from "./page-title.js";
import { text } from "./text.js";
import { Toolbar } from "./toolbar.js";
import { type Verifier, VerifyDialog } from "./verify-dialog.js";

const TOAST_MS = 6_000;
/** After so long a person is told what may be wrong. */
const CONNECTING_MAX_MS = 10_000;
const WAITING_MAX_MS = 15_000;

/** The part of `CallController` that is drawn. */
export type CallLike = Pick<CallController, "leave" | "name" | "inspect"> &
  Verifier & {
    view: Observable<CallView>;
    devices: Pick<Devices, "toggle"> & { view: Observable<DevicesView> };
  };

export function Call({ call, route }: { call: CallLike; route: Route & { type: "room" } }) {
  const { link, room, secret } = route;
  const view = useObservable(call.view);
  const devices = useObservable(call.devices.view);
  const [verifying, setVerifying] = useState(false);
  const [inspecting, setInspecting] = useState(false);
  useKey("i", () => setInspecting(open => !open && !verifying));
  const [toast, say] = useToast();
  const inside = view.people.length > 0;
  const { phase, safetyNumber } = view;
  const overdue = useUnchanged(phase, phase === "waiting" ? WAITING_MAX_MS : CONNECTING_MAX_MS);

  useEffect(() => {
    if (view.notice !== undefined) say(view.notice.text);
  }, [view.notice]);

  // A run may be over before it is drawn.
  const { emoji } = view;
  const emojiBefore = useRef(emoji.state);
  useEffect(() => {
    const began = emoji.state === "running" || emoji.state === "done";
    const news = began && emojiBefore.current !== "running" && !emoji.starter.own;
    if (news && !verifying) say(text.emoji.started(emoji.starter.name));
    emojiBefore.current = emoji.state;
  }, [emoji]);

  const problems = (["microphone", "camera"] as const).flatMap(kind => {
    const { problem } = devices[kind];
    return problem === undefined ? [] : [text.deviceProblem(kind, problem)];
  });
  const problem = problems.join(" ");
  useEffect(() => {
    if (problem !== "") say(problem);
  }, [problem]);

  const copy = async () => {
    const whole = location.origin + link;
    try {
      await navigator.clipboard.writeText(whole);
      say(text.call.copied);
    } catch {
      prompt(text.call.copyByHand, whole);
    }
  };

  return (
    <div class="call">
      <header class="call-head">
        <span class="brand small">
          <Logo />
          <span class="wide-only">{text.product}</span>
        </span>
        <PageTitle hidden>{text.call.title(secret ? undefined : room)}</PageTitle>
        <p class="status" role="status">
          {statusOf(view, overdue)}
        </p>
        {!secret && (
          <span class="badge warn">
            <OpenLockIcon />
            <span class="wide-only">{text.call.namedRoom}</span>
          </span>
        )}
        {safetyNumber !== undefined && (
          <>
            <span class="badge">
              <LockIcon />
              <span class="wide-only">{text.call.encrypted}</span>
            </span>
            <span class="badge" data-testid="people-count">
              <PeopleIcon />
              {text.call.people(view.people.length)}
            </span>
          </>
        )}
      </header>
      <Alarms alarms={view.alarms} dismiss={id => call.dismissAlarm(id)} />
      <Grid people={inside ? view.people : [alone(call.name)]} devices={devices} />
      <div class="toast-place" role="status">
        {toast !== undefined && <p class="toast">{toast}</p>}
      </div>
      <Toolbar
        devices={devices}
        toggle={kind => void call.devices.toggle(kind)}
        copy={() => void copy()}
        verify={() => setVerifying(true)}
        leave={() => call.leave()}
      />
      <AudioOut people={view.people} />
      {inspecting && <InspectorLoader call={call} close={() => setInspecting(false)} />}
      {verifying && <VerifyDialog view={view} call={call} close={() => setVerifying(false)} />}
    </div>
  );
}

/** `overdue`: the phase lasts for longer than it should. */
function statusOf({ phase, media, people }: CallView, overdue: boolean): string {
  const { status } = text.call;
  if (overdue && phase === "connecting") return status.unreachable;
  if (overdue && phase === "reconnecting") return status.notBack;
  if (overdue && phase === "waiting") return status.unanswered;
  if (phase !== "inside") return status[phase];
  if (media === "failed") return status.mediaFailed;
  if (media === "refused") return status.mediaRefused;
  if (people.length === 1) return status.alone;
  return media === "connecting" ? status.media : "";
}

/** The own tile while the group is still out of reach. */
function alone(name: string): PersonView {
  return {
    client: "",
    name,
    identity: "",
    own: true,
    confirmed: true,
    present: true,
    trust: { state: { type: "own" }, warnings: [] },
    doubt: undefined,
    streams: new Map(),
  };
}

/** A text that goes away by itself. */
function useToast(): [string | undefined, (text: string) => void] {
  const [toast, setToast] = useState<string | undefined>(undefined);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const say = (text: string) => {
    clearTimeout(timer.current);
    setToast(text);
    timer.current = window.setTimeout(() => setToast(undefined), TOAST_MS);
  };
  return [toast, say];
}
