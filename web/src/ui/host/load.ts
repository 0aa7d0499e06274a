/** What only hosts see, loaded when the person is one: the call's part of the page is none the larger. */
export async function loadHostParts(): Promise<typeof import("./parts.js")> {
  // First: the rest reads them as it draws.
  await import("./text.js").then(({ loadHostTexts }) => loadHostTexts());
  return import("./parts.js");
}
