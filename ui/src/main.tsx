// Starts the UI: texts and theme first, then the page.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./styles/index.css";
import { onExpired } from "./api/client";
import { queries } from "./api/session";
import { basePath, serverUrl } from "./lib/base";
import { language, onOtherTab, useLanguage } from "./lib/preferences";
import { makeRouter } from "./router";
import { speak } from "./texts";

// The page names it relative to its first address, which changes.
document.querySelector<HTMLLinkElement>("link[rel=icon]")?.setAttribute("href", serverUrl("favicon.svg"));

const router = makeRouter(queries, basePath);
// The scripts of the first page come while the server says who is signed in.
const matches: { routeId: keyof typeof router.routesById }[] = router.matchRoutes(router.latestLocation);
for (const { routeId } of matches) {
  void router.loadRouteChunk(router.routesById[routeId]);
}

/** So long the first page is waited for, to be painted at once as a whole; then the wait is shown. */
const PATIENCE_MS = 500;

/** Everything is made anew when the language changes: texts are read while rendering. */
function App() {
  return <RouterProvider key={useLanguage()} router={router} />;
}

// No await of the module itself: the scripts of the pages wait for this one to end.
async function begin(): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.all([speak(language()), Promise.race([router.load(), patience])]);
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no #root");
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}

onOtherTab((next) => void speak(next));
onExpired(() => {
  const { pathname, href } = router.state.location;
  const forget = () => queries.removeQueries({ queryKey: ["me"] });
  if (pathname === "/sign-in") forget();
  // Only when it is left: the page shows who is signed in.
  else void router.navigate({ to: "/sign-in", search: { next: href } }).then(forget);
});
router.subscribe("onResolved", ({ pathChanged, fromLocation }) => {
  if (!pathChanged || fromLocation === undefined) return;
  window.scrollTo(0, 0);
  document.querySelector<HTMLElement>("h1")?.focus();
});
void begin();
