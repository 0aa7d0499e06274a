import { useEffect, useState } from "preact/hooks";
import { type Doors, askDoors } from "../call/doors.js";

/** To whom rooms are open; until it is known, to everyone. */
export function useDoors(): Doors {
  const [doors, setDoors] = useState<Doors>("link");
  useEffect(() => {
    const stop = new AbortController();
    void askDoors(stop.signal).then(answer => {
      if (!stop.signal.aborted) setDoors(answer);
    });
    return () => stop.abort();
  }, []);
  return doors;
}
