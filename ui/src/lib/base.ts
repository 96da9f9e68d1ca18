// Where this page is served, which the scripts know from their own address.
const here = import.meta.url;

/** The path of the UI, with a slash at both ends. */
export const basePath = import.meta.env.PROD ? new URL("..", here).pathname : "/";

/** An address of this server that is no page of the UI. */
export function serverUrl(path: string): string {
  return basePath + path.replace(/^\//, "");
}
