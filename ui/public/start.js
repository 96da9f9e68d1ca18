// What need not wait for the scripts of the page: the theme somebody chose, before anything is painted, and the first
// questions to the server, for whoever seems to be signed in. The rest is in src/lib/preferences.ts and src/lib/early.ts.
try {
  const theme = window.localStorage.getItem("np-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing is kept here: as the system has it.
}
if (/(^|;\s*)(__(Host|Secure)-)?np_csrf=/.test(document.cookie)) {
  const base = new URL(".", document.currentScript.src);
  const isOverview = location.pathname === base.pathname;
  const asked = ["auth/me", ...(isOverview ? ["queue/stats"] : [])];
  window.novapulseEarly = new Map(
    asked.map((path) => {
      const { href } = new URL(`api/v1/${path}`, base);
      const answer = fetch(href, { headers: { "X-Session-Mode": "cookie" } });
      // Whoever takes it hears of it; nobody may.
      answer.catch(() => undefined);
      return [href, answer];
    }),
  );
}
