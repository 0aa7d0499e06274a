/** Loads a style sheet, once; what did not load is tried again the next time. */
export function loadStyle(url: string): Promise<void> {
  loading.set(url, loading.get(url) ?? load(url));
  return loading.get(url) ?? Promise.resolve();
}

/** By address: what is there, or on its way. */
const loading = new Map<string, Promise<void>>();

function load(url: string): Promise<void> {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  return new Promise((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      loading.delete(url);
      reject(new Error(`${url} did not load`));
    };
    document.head.append(link);
  });
}

/** A part that loads on demand, with the styles of all such parts. */
export async function withStyle<M>(part: Promise<M>): Promise<M> {
  const [loaded] = await Promise.all([part, loadStyle(LATER_STYLE_URL)]);
  return loaded;
}
