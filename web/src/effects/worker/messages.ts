/** What the page and the background's worker say to each other. */

/** What is put behind the person. */
export type Behind =
  { readonly type: "blur" } | { readonly type: "image"; readonly image: ImageBitmap };

export type ToBackground =
  | {
      readonly type: "start";
      readonly module: WebAssembly.Module;
      readonly model: ArrayBuffer;
      readonly behind: Behind;
      /** Where pictures come from and go to without the page. Else the page is asked for them, one by one. */
      readonly streams:
        | {
            readonly readable: ReadableStream<VideoFrame>;
            readonly writable: WritableStream<VideoFrame>;
          }
        | undefined;
    }
  /** What the page was asked for; nothing where there is no new one. */
  | { readonly type: "picture"; readonly picture: ImageBitmap | undefined };

export type FromBackground =
  /** The first picture went out. */
  | { readonly type: "ready" }
  /** Asks for a picture. */
  | { readonly type: "next" }
  | { readonly type: "picture"; readonly picture: ImageBitmap }
  | { readonly type: "failed"; readonly text: string };
