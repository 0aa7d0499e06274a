import { render } from "preact";
import { App, loadLanding } from "./app.js";
import { loadTexts } from "./text.js";

// Beside the texts, not after them. If it does not load now, it is tried again.
if (location.pathname === "/") loadLanding().catch(() => undefined);
await loadTexts();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
