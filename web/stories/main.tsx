/** Draws one story, the one that the address names (`/?story=lobby/asking`), or a list of all. */
import { render } from "preact";
import { loadTexts } from "../src/ui/text.js";
import type { Story } from "./lib/story.js";
import { STORIES } from "./stories.js";

/** What run.mjs and the tests see. */
interface Told {
  /** Every story with the pictures that it gives the documents. */
  readonly stories: readonly { readonly name: string; readonly pictures: Story["pictures"] }[];
  /** Which is drawn. */
  readonly shown: string | undefined;
  /** Fulfilled when the story is as it should be seen; nothing where there is only the list. */
  readonly ready: Promise<void> | undefined;
}

declare global {
  interface Window {
    stories: Told;
  }
}

const stories = Object.entries(STORIES).flatMap(([screen, all]) =>
  Object.entries(all).map(([state, story]) => ({ name: `${screen}/${state}`, story })),
);
const wanted = new URLSearchParams(location.search).get("story");
const found = stories.find(({ name }) => name === wanted);
const app = document.getElementById("app");
if (app === null) throw new Error("the page has no place for a story");
window.stories = {
  stories: stories.map(({ name, story }) => ({ name, pictures: story.pictures })),
  shown: found?.name,
  ready: found && show(found.name, found.story, app),
};
if (wanted === null) render(<List />, app);
else if (found === undefined) throw new Error(`there is no story "${wanted}"`);

async function show(name: string, story: Story, place: Element): Promise<void> {
  // Nothing is left of the story before.
  localStorage.clear();
  sessionStorage.clear();
  document.title = name;
  history.replaceState(null, "", story.path ?? "/");
  holdClock(story.later === true);
  story.before?.();
  await loadTexts();
  render(story.draw(), place);
  await story.act?.();
}

/** After so long things go that are told in passing, and phases are overdue. */
const SOME_SECONDS_MS = 3_000;

/** A story stays as it is, however slow the machine that looks at it. */
function holdClock(later: boolean): void {
  const start = window.setTimeout.bind(window);
  const held = (handler: TimerHandler, ms = 0, ...rest: unknown[]) => {
    if (ms < SOME_SECONDS_MS) return start(handler, ms, ...rest);
    return later ? start(handler, 0, ...rest) : 0;
  };
  window.setTimeout = held as typeof window.setTimeout;
}

function List() {
  return (
    <main class="page">
      <h1>Stories</h1>
      <ul>
        {stories.map(({ name }) => (
          <li key={name}>
            <a href={`/?story=${encodeURIComponent(name)}`}>{name}</a>
          </li>
        ))}
      </ul>
    </main>
  );
}
