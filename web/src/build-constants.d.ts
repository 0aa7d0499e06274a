/** Put in by build.mjs: addresses of hashed assets. */
declare const WORKER_URL: string;
declare const WASM_URL: string;
declare const INSPECTOR_STYLE_URL: string;
