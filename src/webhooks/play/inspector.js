// The inspector page: asks for new requests every second and puts them on top.
"use strict";

const base = location.pathname.replace(/\/$/, "");
const list = document.getElementById("requests");
const count = document.getElementById("count");
const message = document.getElementById("message");
const KEPT = 50;
let newest = 0;
let isFirst = true;

document.getElementById("address").textContent = location.origin + base;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function signature(request) {
  if (request.is_signed === true) return element("strong", "signature verified", "good");
  if (request.is_signed === false) return element("strong", "signature does not match", "bad");
  return element("span", "no signature to check");
}

function render(request) {
  const details = element("details");
  const summary = element("summary");
  const event = request.headers.find(([name]) => name === "x-novapulse-event");
  summary.append(
    element("b", `#${request.number}`),
    element("span", request.method),
    element("code", event ? event[1] : "(no event type)"),
    signature(request),
    element("span", `answered ${request.status}`),
    element("span", new Date(request.at).toLocaleTimeString()),
  );
  const table = element("table");
  for (const [name, value] of request.headers) {
    const row = element("tr");
    const head = element("th", name);
    head.scope = "row";
    row.append(head, element("td", value));
    table.append(row);
  }
  const body = element("pre", pretty(request.body) || "(empty body)");
  details.append(summary, body, table);
  const item = element("li");
  item.append(details);
  return item;
}

async function refresh() {
  const response = await fetch(`${base}/requests?after=${newest}`);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const board = await response.json();
  if (board.total < newest) {
    newest = 0;
    list.replaceChildren();
    return;
  }
  for (const request of board.requests.reverse()) {
    newest = Math.max(newest, request.number);
    list.prepend(render(request));
  }
  while (list.children.length > KEPT) list.lastElementChild.remove();
  if (isFirst) {
    document.getElementById("status").value = board.status;
    document.getElementById("delay").value = board.delay_ms;
    isFirst = false;
  }
  count.textContent = board.total === 0 ? "Waiting for the first request." : `${board.total} requests so far.`;
}

async function loop() {
  try {
    if (!document.hidden) await refresh();
  } catch (error) {
    count.textContent = `Cannot reach the server: ${error.message}. Trying again.`;
  }
  setTimeout(loop, 1000);
}

async function act(done, action) {
  try {
    const response = await action();
    if (!response.ok) {
      const problem = await response.json();
      throw new Error(problem.errors?.[0]?.detail ?? problem.title);
    }
    message.textContent = done;
  } catch (error) {
    message.textContent = error.message;
  }
}

document.getElementById("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = {
    status: Number(document.getElementById("status").value),
    delay_ms: Number(document.getElementById("delay").value),
  };
  const headers = { "Content-Type": "application/json" };
  act("Set.", () => fetch(`${base}/settings`, { method: "PUT", headers, body: JSON.stringify(body) }));
});

document.getElementById("clear").addEventListener("click", () => {
  list.replaceChildren();
  act("Cleared.", () => fetch(`${base}/requests`, { method: "DELETE" }));
});

document.getElementById("copy").addEventListener("click", () => {
  act("Copied.", async () => {
    await navigator.clipboard.writeText(location.origin + base);
    return { ok: true };
  });
});

loop();
