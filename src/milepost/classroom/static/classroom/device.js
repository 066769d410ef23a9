// The trainer's device, handed round. Every signature is kept here first and delivered when there is a network; the
// server says of each what became of it, and one that is delivered twice counts once.
import { listen, send, waiting } from "../design/keep-and-send.js";
import { Pad } from "../documents/sign.js";

const root = document.querySelector("[data-device]");
const list = root.querySelector("[data-list]");
const form = root.querySelector("[data-signing]");
const words = root.querySelector("[data-words]").dataset;
const notice = root.querySelector("[data-waiting]");
const pad = new Pad(form.querySelector("[data-sign]"));
const url = root.dataset.deliveries;
let who = null;

const button = (uid) => list.querySelector(`[data-who="${uid}"]`);

function showState(uid, word, isOn) {
  const row = button(uid);
  if (!row) return;
  row.disabled = isOn;
  row.querySelector(".tick").classList.toggle("on", isOn);
  row.querySelector("[data-state]").textContent = word;
}

function showKept() {
  const kept = waiting().filter((request) => request.url === url);
  notice.hidden = kept.length === 0;
  notice.querySelector("[data-count]").textContent = kept.length;
  for (const { name } of kept) showState(name, words.kept, true);
}

function back() {
  form.hidden = true;
  list.hidden = false;
  const chosen = button(who);
  (chosen && !chosen.disabled ? chosen : list.querySelector("h1")).focus();
}

list.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-who]");
  if (!chosen || chosen.disabled) return;
  who = chosen.dataset.who;
  list.hidden = true;
  form.hidden = false;
  pad.clear();
  pad.show("drawn");
  const heading = form.querySelector("[data-who-signs]");
  heading.textContent = chosen.dataset.name;
  heading.focus();
});
form.querySelector("[data-back]").addEventListener("click", back);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  const signature = pad.value();
  if (!signature) return pad.complain();
  const body = JSON.stringify({ signatures: [{ who, signature, at: Date.now() }] });
  send({ url, name: who, body, type: "application/json", clock: true, keep: true });
  showKept();
  back();
});

listen((_request, answer) => {
  for (const [uid, outcome] of Object.entries(answer?.outcomes ?? {})) {
    if (outcome === "signed" || outcome === "already") showState(uid, words.signed, true);
    else showState(uid, outcome === "closed" ? words.closed : words.refused, outcome === "closed");
  }
  showKept();
});

showKept();
// Keep this page within reach when the network is gone and somebody reloads it. What came before the worker did is asked
// for once more, through it.
const worker = navigator.serviceWorker;
worker?.register("/room/offline.js", { scope: "/room/" });
worker?.addEventListener("controllerchange", () => {
  const parts = performance.getEntriesByType("resource").map(({ name }) => name);
  for (const url of [location.href, ...parts.filter((name) => name.startsWith(`${location.origin}/`))]) {
    fetch(url).then((answer) => answer.blob()); // what nobody reads, and may not be stored, would keep its connection
  }
}, { once: true });
