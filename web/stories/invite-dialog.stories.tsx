import { answerFetches } from "./lib/fake-server.js";
import { NAMED_ROUTE, callOf } from "./lib/fake-call.js";
import { type Stories, type Story, press, read, see } from "./lib/story.js";

function invite(draw: Story["draw"]): Story {
  return {
    draw,
    async act() {
      await press("Invite");
      await see("dialog.invite");
    },
  };
}

export const inviteDialogs: Stories = {
  "secret room": { ...invite(() => callOf(2)), pictures: { invite: "desktop" } },
  "named room": invite(() => callOf(2, {}, {}, { route: NAMED_ROUTE })),
  "where the link alone lets nobody in": {
    draw: () => callOf(2),
    before: () => answerFetches({ doors: "token" }),
    async act() {
      await press("Invite");
      await read("this link alone lets nobody in");
    },
  },
  "device that shares": {
    ...invite(() => callOf(2)),
    before() {
      const share = () => Promise.resolve();
      Object.defineProperty(navigator, "share", { value: share, configurable: true });
    },
  },
};
