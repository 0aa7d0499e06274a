import { useState } from "preact/hooks";
import { errorOf, report } from "../../report.js";
import { exported } from "./export.js";
import { bytes } from "./format.js";
import type { TabProps } from "./index.js";
import { inspectorText } from "./text.js";

const words = inspectorText.export;

/** Everything as JSON, with a word on what is in it. */
export function ExportTab({ view, history }: TabProps) {
  const [told, tell] = useState<string | undefined>(undefined);
  const json = exported(view, history, new Date());
  const save = () => {
    const url = URL.createObjectURL(new Blob([json], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = words.fileName(new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
    link.click();
    URL.revokeObjectURL(url);
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(json);
      tell(words.copied);
    } catch (error) {
      report("not-copied", errorOf(error));
      tell(words.notCopied);
    }
  };
  return (
    <>
      <h3>{words.title}</h3>
      <p>{words.explain}</p>
      <p class="problem block">{words.warn}</p>
      <div class="row">
        <button type="button" class="button primary" onClick={save}>
          {words.save}
        </button>
        <button type="button" class="button" onClick={() => void copy()}>
          {words.copy}
        </button>
      </div>
      <p class="hint">{words.size(bytes(new Blob([json]).size))}</p>
      <p role="status">{told}</p>
    </>
  );
}
