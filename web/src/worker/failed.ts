import type { Failure } from "./messages.js";

/** An error whose cause a person can be told. */
export class Failed extends Error {
  constructor(
    readonly reason: Failure,
    text = "",
  ) {
    super(text);
  }
}
