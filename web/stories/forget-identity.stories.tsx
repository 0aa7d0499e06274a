import { App } from "../src/ui/app.js";
import { type Stories, press, read } from "./lib/story.js";

async function forget() {
  await press("Forget this device's identity");
  await press("Forget identity");
}

export const forgetDialogs: Stories = {
  asking: { draw: () => <App />, act: () => press("Forget this device's identity") },
  working: {
    before() {
      // It never answers.
      indexedDB.open = () => new EventTarget() as IDBOpenDBRequest;
    },
    draw: () => <App />,
    act: forget,
  },
  done: {
    draw: () => <App />,
    async act() {
      await forget();
      await read("Forgotten.");
    },
  },
  failed: {
    before() {
      indexedDB.open = () => {
        throw new Error("nothing can be stored here");
      };
    },
    draw: () => <App />,
    async act() {
      await forget();
      await read("The browser did not let go of it.");
    },
  },
};
