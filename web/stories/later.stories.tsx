import { useState } from "preact/hooks";
import { Dialog } from "../src/ui/dialog.js";
import { Later } from "../src/ui/later.js";
import { text } from "../src/ui/text.js";
import { type Stories, press, see, until } from "./lib/story.js";

/** A part that loads when it is asked for the second time. */
function Part() {
  const [open, setOpen] = useState(false);
  const [tries, setTries] = useState(0);
  const close = () => setOpen(false);
  const load = () => {
    setTries(tries + 1);
    return tries === 0 ? Promise.reject(new Error("the server is gone")) : Promise.resolve(true);
  };
  return (
    <main class="page">
      <h1>{text.product}</h1>
      <button type="button" class="button" onClick={() => setOpen(true)}>
        Open
      </button>
      <Later
        when={open}
        close={close}
        load={load}
        draw={() => (
          <Dialog title="The part" close={close}>
            <p class="part">It is there.</p>
          </Dialog>
        )}
      />
    </main>
  );
}

export const laters: Stories = {
  "not loaded": {
    draw: () => <Part />,
    async act() {
      await press("Open");
      await see(".part-missing");
    },
  },
  "loaded after all": {
    draw: () => <Part />,
    async act() {
      await press("Open");
      await see(".part-missing");
      await press("Close");
      await until("no dialog", () => document.querySelector("dialog") === null);
      await press("Open");
      await see(".part");
    },
  },
};
