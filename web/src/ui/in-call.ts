/** What a call needs and the lobby does not: it loads while a person is in the lobby. */
export { CallController } from "../call/call-controller.js";
export { Call } from "./call.js";
