// The start page: says that the server runs, how it feels, and what to do next.
import "./styles/tokens.css";
import "./styles/base.css";
import { watchHealth } from "./health";
import { setupToken, showSetup } from "./setup";

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}

const token = setupToken();
if (token === undefined) showStart();
else showSetup(element("content", HTMLElement), token);

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
