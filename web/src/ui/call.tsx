import { useEffect, useRef, useState } from "preact/hooks";
import type { CallLike } from "../call/call-controller.js";
import type { Route } from "../call/link.js";
import { isLastHost } from "../call/last-host.js";
import { recall, remember } from "../call/preferences.js";
import { ScreenShare } from "../call/screen-share.js";
import { type Pin, pinnedClient } from "../call/stage-order.js";
import type { PersonView } from "../call/view.js";
import { errorOf, report } from "../report.js";
import { Alarms } from "./alarms.js";
import { Announcer } from "./announcer.js";
import { AudioOut } from "./audio-out.js";
import { CallDialogs, type DialogName } from "./call-dialogs.js";
import { callStatus } from "./call-status.js";
import { pictureInPicture, usePictureInPicture } from "./picture-in-picture.js";
import { useObservable, useUnchanged } from "./hooks.js";
import { Logo, PeopleIcon } from "./icons.js";
import { loadInspector } from "./inspector/load.js";
import { Later, prepare } from "./later.js";
import { LockButton } from "./lock-button.js";
import { moreItems } from "./more-items.js";
import { PageTitle } from "./page-title.js";
import { keysHelp, useShortcuts } from "./shortcuts.js";
import { type Layout, Stage } from "./stage.js";
import { text } from "./text.js";
import { type PanelName, Toolbar } from "./toolbar.js";
import { useMutedHint } from "./muted-hint.js";
import { useNews, useToast } from "./toast.js";

/** After so long a person is told what may be wrong. */
const CONNECTING_MAX_MS = 10_000;
const WAITING_MAX_MS = 15_000;

interface Props {
  call: CallLike;
  route: Route & { type: "room" };
}

/** The call: who is in it, what protects it, and everything that one can do in it. */
export function Call({ call, route }: Props) {
  const { link, room, secret } = route;
  const view = useObservable(call.view);
  const devices = useObservable(call.devices.view);
  const speaker = useObservable(call.devices.speaker);
  const [dialog, setDialog] = useState<DialogName | undefined>(undefined);
  const [panel, setPanel] = useState<PanelName | undefined>(undefined);
  const [layout, setLayout] = useState<Layout>(() =>
    recall("layout") === "speaker" ? "speaker" : "grid",
  );
  const [pin, setPin] = useState<Pin | undefined>(undefined);
  const [selfHidden, setSelfHidden] = useState(() => recall("self_hidden") !== "");
  const [draft, setDraft] = useState("");
  const [toast, say] = useToast();
  const place = useRef<HTMLDivElement>(null);
  const inside = view.people.length > 0;
  const people = inside ? view.people : [alone(call.name)];
  const { phase } = view;
  const waiting = view.room.waiting.filter(({ identity }) => identity !== "").length;
  const overdue = useUnchanged(phase, phase === "waiting" ? WAITING_MAX_MS : CONNECTING_MAX_MS);
  const unread = useUnread(view.chat.filter(({ own }) => !own).length, panel === "chat");
  useNews(view, devices, speaker.lost, dialog === "verify", say);
  const mutedHint = useMutedHint(devices.microphone);
  usePictureInPicture(place);
  useEffect(() => {
    prepare(loadChat);
    prepare(loadPeople);
  }, []);

  const closePanel = () => setPanel(undefined);
  const show = (name: PanelName) => setPanel(panel === name ? undefined : name);
  const copyLink = async (whole: string, copied = text.call.copied) => {
    try {
      await navigator.clipboard.writeText(whole);
      say(copied);
    } catch (error) {
      report("not-copied", errorOf(error));
      prompt(text.call.copyByHand, whole);
    }
  };
  const turnLayout = () => {
    const next = layout === "grid" ? "speaker" : "grid";
    remember("layout", next === "grid" ? "" : next);
    setLayout(next);
  };
  const hideSelf = (hidden: boolean) => {
    remember("self_hidden", hidden ? "hidden" : "");
    setSelfHidden(hidden);
  };
  const fullScreen = () => {
    if (document.fullscreenElement === null) {
      place.current?.requestFullscreen().catch((error: unknown) => {
        report("no-full-screen", errorOf(error));
        say(text.stage.noFullScreen);
      });
    } else void document.exitFullscreen();
  };
  const raiseHand = () => call.raiseHand(!view.handRaised);
  const share = () => void call.toggleShare();
  /** Held down, the key lets a muted person talk. */
  const talking = useRef(false);
  useShortcuts({
    microphone: () => void call.devices.toggle("microphone"),
    talk(down) {
      const { on } = call.devices.view.get().microphone;
      if (down === on || (!down && !talking.current)) return;
      talking.current = down;
      call.devices.talk(down);
    },
    camera: () => void call.devices.toggle("camera"),
    share,
    hand: raiseHand,
    chat: () => show("chat"),
    people: () => show("people"),
    layout: turnLayout,
    fullScreen,
    verify: () => setDialog("verify"),
    inspector: () => show("inspector"),
    help: () => setDialog("help"),
  });

  const canShare = ScreenShare.available();
  const more = moreItems({
    share: canShare ? { on: view.share.on, turn: share } : undefined,
    hand: { raised: view.handRaised, turn: raiseHand },
    layout: { now: layout, turn: turnLayout },
    fullScreen,
    pictureInPicture: () =>
      void pictureInPicture(place.current).then(done => {
        if (!done) say(text.stage.noPicture);
      }),
    people: () => show("people"),
    inspector: () => setPanel("inspector"),
    endForAll: view.room.host && view.phase !== "connecting",
    showDialog: setDialog,
  });

  return (
    <div class={panel === undefined ? "call" : "call with-panel"} ref={place}>
      <header class="call-head">
        <div class="head-row">
          <span class="brand small">
            <Logo />
            <span class="wide-only">{text.product}</span>
          </span>
          <PageTitle hidden>{text.call.title(secret ? undefined : room)}</PageTitle>
          <LockButton view={view} secret={secret} open={() => setDialog("verify")} />
          <p class="status" role="status">
            {callStatus(view, overdue)}
          </p>
          {view.room.locked && (
            <span class="badge" data-testid="locked">
              {text.call.locked}
            </span>
          )}
          {view.safetyNumber !== undefined && (
            <button
              type="button"
              class="badge"
              data-testid="people-count"
              aria-expanded={panel === "people"}
              onClick={() => show("people")}
            >
              <PeopleIcon />
              {text.call.people(view.people.length)}
              {waiting > 0 && ` · ${text.call.waiting(waiting)}`}
            </button>
          )}
        </div>
      </header>
      <Alarms alarms={view.alarms} dismiss={id => call.dismissAlarm(id)} />
      <Stage
        view={view}
        people={people}
        devices={devices}
        layout={layout}
        selfHidden={selfHidden}
        pinned={pinnedClient(people, pin)}
        pin={client => setPin(people.find(person => person.client === client))}
        shown={client => call.setMain(client)}
        sees={places => call.shows(places)}
      />
      <Announcer view={view} secret={secret} chatOpen={panel === "chat"} />
      <div class="toast-place" role="status">
        {toast !== undefined && <p class="toast">{toast}</p>}
        {toast === undefined && mutedHint && <p class="toast">{text.call.mutedHint(keysHelp())}</p>}
      </div>
      <Later
        close={closePanel}
        when={panel === "chat"}
        load={loadChat}
        draw={({ ChatPanel }) => (
          <ChatPanel
            chat={view.chat}
            draft={draft}
            setDraft={setDraft}
            say={words => call.say(words)}
            copied={() => say(text.chat.copied)}
            close={closePanel}
          />
        )}
      />
      <Later
        close={closePanel}
        when={panel === "people"}
        load={loadPeople}
        draw={({ PeoplePanel }) => (
          <PeoplePanel
            people={view.people}
            room={view.room}
            waitingTrust={view.waitingTrust}
            order={order => call.order(order)}
            invite={() => setDialog("invite")}
            verify={() => setDialog("verify")}
            close={closePanel}
          />
        )}
      />
      <Later
        close={closePanel}
        when={panel === "inspector"}
        load={loadInspector}
        draw={({ Inspector }) => <Inspector call={call} close={closePanel} />}
      />
      <Toolbar
        devices={devices}
        view={view}
        panel={panel}
        unread={unread}
        more={more}
        canShare={canShare}
        toggle={kind => void call.devices.toggle(kind)}
        share={share}
        react={emoji => call.react(emoji)}
        raiseHand={raised => call.raiseHand(raised)}
        show={show}
        invite={() => setDialog("invite")}
        verify={() => setDialog("verify")}
        leave={() => (isLastHost(view) ? setDialog("leave") : call.leave())}
      />
      <AudioOut people={view.people} speaker={call.devices.speaker} />
      <CallDialogs
        open={dialog}
        close={() => setDialog(undefined)}
        call={call}
        view={view}
        link={link}
        room={room}
        secret={secret}
        copyLink={(whole, copied) => void copyLink(whole, copied)}
        selfHidden={selfHidden}
        hideSelf={hideSelf}
      />
    </div>
  );
}

const loadChat = () => import("./chat-panel.js");
const loadPeople = () => import("./people-panel.js");

/** How many messages came since the chat was last open. */
function useUnread(count: number, open: boolean): number {
  const seen = useRef(0);
  if (open) seen.current = count;
  useEffect(() => {
    if (open) seen.current = count;
  }, [open, count]);
  return Math.max(0, count - seen.current);
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
    host: false,
    trust: { state: { type: "own" }, warnings: [] },
    lost: false,
    doubt: undefined,
    microphone: undefined,
    camera: undefined,
    recording: false,
    handOrder: undefined,
    speaking: false,
    quality: { level: "unknown", reason: undefined },
    unreadable: undefined,
    streams: new Map(),
  };
}
