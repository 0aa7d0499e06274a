import { render } from "preact";
import { App } from "./app.js";
import { loadTexts } from "./text.js";

await loadTexts();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
