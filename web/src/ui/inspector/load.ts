import { loadStyle } from "../load-style.js";

/** The inspector, loaded when somebody opens it: the call's part of the page is none the larger. */
export async function loadInspector(): Promise<typeof import("./index.js")> {
  const style = loadStyle(INSPECTOR_STYLE_URL);
  // First: the rest reads them as it loads.
  const texts = import("./text.js").then(({ loadInspectorTexts }) => loadInspectorTexts());
  const [inspector] = await Promise.all([texts.then(() => import("./index.js")), style]);
  return inspector;
}
