// Where this page is served, which the scripts know from their own address.
const here = import.meta.url;

/** The path of the UI, with a slash at both ends. */
export const basePath = import.meta.env.PROD ? new URL("..", here).pathname : "/";

/** The address of a page as the browser knows it; its path begins with a slash. */
export function hrefOf(path: string): string {
  return basePath.slice(0, -1) + path;
}

/** An address of this server that is no page of the UI. */
export function serverUrl(path: string): string {
  return basePath + path.replace(/^\//, "");
}
