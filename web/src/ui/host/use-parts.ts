import { useEffect, useState } from "preact/hooks";
import { errorOf, report } from "../../report.js";
import { loadHostParts } from "./load.js";

type Parts = typeof import("./parts.js");

/** What hosts see, once the person is one and it is loaded. What did not load is tried again when this is drawn anew. */
export function useHostParts(host: boolean): Parts | undefined {
  const [parts, setParts] = useState<Parts | undefined>(undefined);
  useEffect(() => {
    if (!host || parts !== undefined) return;
    loadHostParts().then(
      loaded => setParts(() => loaded),
      (error: unknown) => report("part-not-loaded", { part: "host", ...errorOf(error) }),
    );
  }, [host]);
  return host ? parts : undefined;
}
