import { Effects } from "./effects.js";

/** The effects of the person at this page, whichever call it is in. */
export const ownEffects = new Effects();
