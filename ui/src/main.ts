// The start page: says that the server runs, how it feels, and what to do next; or the page of a link with a token.
import "./styles/tokens.css";
import "./styles/base.css";
import { tokenOf } from "./form";
import { watchHealth } from "./health";
import { showJoin } from "./join";
import { showReset } from "./reset";
import { showSetup } from "./setup";

const PAGES = { "/setup": showSetup, "/reset": showReset, "/join": showJoin };

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}

const links = Object.entries(PAGES).map(([path, open]) => ({ open, token: tokenOf(path) }));
const link = links.find(({ token }) => token !== undefined);
if (link?.token === undefined) showStart();
else link.open(element("content", HTMLElement), link.token);

function showStart(): void {
  const command = [
    `curl -X POST ${window.location.origin}/api/v1/events \\`,
    `  -H "Authorization: Bearer $NOVAPULSE_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"type": "order.created", "data": {"order": 1042, "total": "19.90"}}'`,
  ].join("\n");

  const copy = element("copy", HTMLButtonElement);
  element("command", HTMLElement).textContent = command;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
    } catch {
      // Clipboard access needs a secure context; selecting the text still works.
      window.getSelection()?.selectAllChildren(element("command", HTMLElement));
      copy.textContent = "Selected";
    }
  });
}

const status = element("status", HTMLElement);
const version = element("version", HTMLElement);
watchHealth((health) => {
  status.dataset.state = health.state;
  status.textContent = health.label;
  if (health.version !== undefined) version.textContent = `NovaPulse ${health.version}`;
});
