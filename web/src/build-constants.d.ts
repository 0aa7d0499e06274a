/** Put in by build.mjs: addresses of hashed assets. */
declare const WORKER_URL: string;
declare const WASM_URL: string;
declare const INSPECTOR_STYLE_URL: string;
declare const LATER_STYLE_URL: string;
declare const EFFECTS_WASM_URL: string;
declare const NOISE_WORKLET_URL: string;
declare const BACKGROUND_WORKER_URL: string;
declare const WIDE_MODEL_URL: string;
declare const SQUARE_MODEL_URL: string;
/** Images to be put behind a person, by name. */
declare const SCENE_URLS: Readonly<Record<string, string>>;

/** What web/languages.mjs finds: loads text.TAG.ts in the folder of whoever imports it, by TAG. */
declare module "tangelo:languages" {
  export const files: Readonly<Record<string, () => Promise<unknown>>>;
}
