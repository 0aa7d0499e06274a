import { rememberRoom } from "../src/call/recent-rooms.js";
import { App } from "../src/ui/app.js";
import { KNOWN_SINCE } from "./lib/people.js";
import { answerFetches } from "./lib/fake-server.js";
import { SECRET_ROUTE } from "./lib/fake-call.js";
import { type Stories, press, read, see, type, until } from "./lib/story.js";
import { answerWorkers } from "./lib/fake-worker.js";

const HOUR = 3_600_000;
const field = "form input";

export const landing: Stories = {
  first: {
    draw: () => <App />,
    act: async () => void (await see(".landing")),
    pictures: { landing: "desktop", "landing-phone": "phone" },
  },
  "only for who was invited": {
    before: () => answerFetches({ doors: "token" }),
    draw: () => <App />,
    act: async () => void (await read("This server is for people who were invited")),
  },
  "not for everyone to begin": {
    before: () => answerFetches({ doors: "creators" }),
    draw: () => <App />,
    act: async () => void (await read("only some people can begin a call")),
  },
  "for who may begin": {
    path: "/#token=e30.e30.c2ln",
    before: () => answerFetches({ doors: "creators" }),
    draw: () => <App />,
    async act() {
      await see(".button.primary");
      await until("an address without the token", () => location.hash === "");
    },
  },
  "recent rooms": {
    before() {
      rememberRoom("/r/fruit-growers", KNOWN_SINCE);
      rememberRoom("/r/a-room-whose-name-is-as-long-as-it-may", KNOWN_SINCE + HOUR);
      rememberRoom(SECRET_ROUTE.link, KNOWN_SINCE + 3 * HOUR);
    },
    draw: () => <App />,
    act: async () => void (await see(".recent")),
  },
  "a room's name typed": {
    draw: () => <App />,
    act: () => type(field, "Fruit growers"),
  },
  "neither link nor name": {
    draw: () => <App />,
    async act() {
      await type(field, "what is this?");
      await press("Join");
      await read("neither a Tangelo link nor a room name");
    },
  },
  "a link of another server": {
    draw: () => <App />,
    async act() {
      await type(field, "https://elsewhere.example/r/fruit-growers");
      await press("Join");
      await read("This link belongs to elsewhere.example");
    },
  },
  "making a link": {
    before: () => answerWorkers(() => undefined),
    draw: () => <App />,
    async act() {
      await press("New call");
      await read("Making a link…");
    },
  },
  "no link made": {
    before: () => answerWorkers(() => ({ type: "failed", reason: "crashed", text: "" })),
    draw: () => <App />,
    async act() {
      await press("New call");
      await read("No link could be made.");
    },
  },
};
