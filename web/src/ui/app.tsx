/** Which page is shown: addresses, and the way from lobby to call to farewell. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { CallController } from "../call/call-controller.js";
import { CallWorker } from "../call/call-worker.js";
import { Devices } from "../call/devices.js";
import { hostLink, keepHostSecret, takeHostSecret } from "../call/host-secret.js";
import { type Route, routeOf } from "../call/link.js";
import { keepToken, linkWithToken, takeToken } from "../call/own-token.js";
import { remember } from "../call/preferences.js";
import { rememberRoom } from "../call/recent-rooms.js";
import { NOTE_EVERY_MS, noteInCall, noteLeft, takeReloaded } from "../call/reloaded.js";
import { unsupported } from "../call/support.js";
import type { Alarm, Ended } from "../call/view.js";
import { ownEffects } from "../effects/own.js";
import { errorOf, report } from "../report.js";
import type { Call } from "./call.js";
import { debugCall } from "./debug.js";
import type { Landing } from "./landing.js";
import { withStyle } from "./load-style.js";
import { Lobby } from "./lobby.js";
import { MessageScreen, Over } from "./message-screen.js";
import { text } from "./text.js";

/** What this tab was in when the page was reloaded; for the page that it begins with. */
let reloaded = takeReloaded(location.pathname);

export function App() {
  const [route, setRoute] = useState(here);
  useEffect(() => {
    const follow = () => setRoute(here());
    addEventListener("popstate", follow);
    addEventListener("hashchange", follow);
    return () => {
      removeEventListener("popstate", follow);
      removeEventListener("hashchange", follow);
    };
  }, []);
  useEffect(() => {
    if (route.type !== "room") document.title = text.product;
    else document.title = route.secret ? text.titlePrivate : text.title(route.room);
  }, [route]);
  const go = (path: string) => {
    history.pushState(null, "", path);
    setRoute(here());
  };
  const home = () => go("/");

  switch (route.type) {
    case "home":
      return <Start go={go} />;
    case "room":
      return <Room key={route.link} route={route} home={home} />;
    case "secret_missing":
      return (
        <MessageScreen
          alert
          title={text.broken.secretMissing}
          hint={text.broken.secretMissingHint}
          home={home}
        />
      );
    case "bad_room":
      return (
        <MessageScreen
          alert
          title={text.broken.badRoom}
          hint={text.broken.badRoomHint}
          home={home}
        />
      );
    case "unknown":
      return (
        <MessageScreen
          alert
          title={text.broken.unknown}
          hint={text.broken.unknownHint}
          home={home}
        />
      );
  }
}

/** The start page, which nobody needs who opens a link. */
function Start({ go }: { go: (path: string) => void }) {
  const [page, setPage] = useState<{ Draw: typeof Landing } | "failed" | undefined>();
  useEffect(() => {
    loadLanding().then(
      ({ Landing }) => setPage({ Draw: Landing }),
      (error: unknown) => {
        report("part-not-loaded", { part: "landing", ...errorOf(error) });
        setPage("failed");
      },
    );
  }, []);
  if (page === undefined) return null;
  if (page !== "failed") return <page.Draw go={go} />;
  const reload = () => location.reload();
  return <Over ended={NOT_LOADED} alarms={[]} rejoin={reload} home={reload} />;
}

export function loadLanding() {
  return withStyle(import("./landing.js"));
}

function here(): Route {
  const { pathname, search } = location;
  const hash = takeHostSecret(pathname, takeToken(pathname, location.hash));
  if (hash !== location.hash) history.replaceState(history.state, "", pathname + search + hash);
  return routeOf(pathname, hash);
}

type RoomRoute = Route & { type: "room" };

type Stage =
  | {
      type: "lobby";
      devices: Devices;
      worker: CallWorker;
      state: "open" | "joining" | "joined" | "left";
    }
  | { type: "refused" }
  | { type: "call"; call: CallController; Draw: typeof Call }
  | { type: "over"; ended: Ended; alarms: readonly Alarm[] };

function Room({ route, home }: { route: RoomRoute; home: () => void }) {
  const [stage, setStage] = useState(enterLobby);
  // Who was in this call when the page was reloaded goes back into it by itself.
  const back = useRef(reloaded);
  reloaded = undefined;
  const join = (name: string) => {
    if (stage.type !== "lobby" || stage.state !== "open") return;
    stage.state = "joining";
    remember("name", name);
    void enter(stage, route, name).then(next => {
      if (next !== undefined) setStage(next);
    });
  };

  // What a stage holds ends with it, unless the next stage has taken it over.
  useEffect(() => {
    if (stage.type === "lobby") {
      const was = back.current;
      back.current = undefined;
      void stage.devices.start(was);
      stage.worker.listen(message => {
        if (message.type !== "failed") return;
        report("worker-died", { reason: message.reason, message: message.text });
        setStage({ type: "over", ended: message, alarms: [] });
      });
      // What joining needs is there by then. If it does not load now, it is tried again.
      loadCall().catch(() => undefined);
      if (was !== undefined) join(was.name);
      return () => {
        if (stage.state === "joined") return;
        stage.state = "left";
        stage.devices.stop();
        stage.worker.end();
      };
    }
    if (stage.type !== "call") return;
    const { call } = stage;
    const forget = debugCall(call);
    let hidden = false;
    const note = () => {
      if (!hidden) noteInCall(route.room, call.name, call.devices.view.get());
    };
    const follow = () => {
      const { ended, alarms, room, phase } = call.view.get();
      if (room.host) keepHostSecret(route.room);
      if (phase === "inside" || phase === "waiting") keepToken(route.room);
      if (ended === undefined) return;
      if (!hidden) noteLeft();
      setStage({ type: "over", ended, alarms });
    };
    const leave = () => call.leave();
    const hide = () => {
      note();
      hidden = true;
      leave();
    };
    // Of a page that comes back as it was, the call was left.
    const show = ({ persisted }: PageTransitionEvent) => {
      if (persisted) noteLeft();
    };
    note();
    const noting = setInterval(note, NOTE_EVERY_MS);
    const forgetDevices = call.devices.view.subscribe(note);
    const unsubscribe = call.view.subscribe(follow);
    follow();
    addEventListener("pagehide", hide);
    addEventListener("pageshow", show);
    return () => {
      removeEventListener("pagehide", hide);
      if (!hidden) removeEventListener("pageshow", show);
      clearInterval(noting);
      forgetDevices();
      unsubscribe();
      forget();
      leave();
      if (!hidden) noteLeft();
    };
  }, [stage]);

  switch (stage.type) {
    case "refused":
      return <Lobby route={route} devices={undefined} join={() => undefined} home={home} />;
    case "lobby":
      return <Lobby route={route} devices={stage.devices} join={join} home={home} />;
    case "call":
      return <stage.Draw call={stage.call} route={route} />;
    case "over": {
      const { ended, alarms } = stage;
      return <Over ended={ended} alarms={alarms} rejoin={() => setStage(enterLobby)} home={home} />;
    }
  }
}

/** The worker starts while the person is still in the lobby, so that the call begins at once. */
function enterLobby(): Stage {
  if (unsupported() !== undefined) return { type: "refused" };
  return {
    type: "lobby",
    devices: new Devices(ownEffects),
    worker: new CallWorker(),
    state: "open",
  };
}

const NOT_LOADED: Ended = { type: "failed", reason: "not_loaded", text: "" };

function loadCall() {
  return import("./in-call.js");
}

/** From the lobby into the call; nowhere if the person has left the lobby meanwhile. */
async function enter(
  lobby: Stage & { type: "lobby" },
  { link, room }: RoomRoute,
  name: string,
): Promise<Stage | undefined> {
  const [parts] = await Promise.all([
    loadCall().catch((error: unknown) => {
      report("part-not-loaded", { part: "call", ...errorOf(error) });
    }),
    // Without them the core is heard in English.
    text.loadCore().catch((error: unknown) => {
      report("part-not-loaded", { part: "texts", ...errorOf(error) });
    }),
  ]);
  if (lobby.state !== "joining") return undefined;
  if (parts === undefined) return { type: "over", ended: NOT_LOADED, alarms: [] };
  rememberRoom(link);
  lobby.state = "joined";
  const another = () => new CallWorker();
  const whole = linkWithToken(hostLink(link, room), room);
  const call = new parts.CallController(lobby.worker, another, lobby.devices, whole, name);
  return { type: "call", call, Draw: parts.Call };
}
