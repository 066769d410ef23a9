// The trainer's device, handed round. Every signature is kept here first and delivered when there is a network; the
// server says of each what became of it, and one that is delivered twice counts once.
import { Pad } from "../documents/sign.js";

const root = document.querySelector("[data-device]");
const list = root.querySelector("[data-list]");
const form = root.querySelector("[data-signing]");
const words = root.querySelector("[data-words]").dataset;
const notice = root.querySelector("[data-waiting]");
const pad = new Pad(form.querySelector("[data-sign]"));
const STORE = `milepost-device-${root.dataset.slot}`;
const read = () => JSON.parse(localStorage.getItem(STORE) || "[]");
const write = (waiting) => localStorage.setItem(STORE, JSON.stringify(waiting));
const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
let who = null;
let timer = null;
let sending = false;

const button = (uid) => list.querySelector(`[data-who="${uid}"]`);

function mark(uid, word, isOn) {
  const one = button(uid);
  if (!one) return;
  one.disabled = isOn;
  one.querySelector(".tick").classList.toggle("on", isOn);
  one.querySelector("[data-state]").textContent = word;
}

function tell() {
  const waiting = read();
  notice.hidden = waiting.length === 0;
  notice.querySelector("[data-count]").textContent = waiting.length;
  for (const one of waiting) mark(one.who, words.kept, true);
}

function back() {
  form.hidden = true;
  list.hidden = false;
  button(who)?.focus();
}

list.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-who]");
  if (!chosen || chosen.disabled) return;
  who = chosen.dataset.who;
  list.hidden = true;
  form.hidden = false;
  form.querySelector("[data-who-signs]").textContent = chosen.dataset.name;
  pad.clear();
  pad.show("drawn");
});
form.querySelector("[data-back]").addEventListener("click", back);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  const signature = pad.value();
  if (!signature) return;
  write([...read().filter((one) => one.who !== who), { who, signature, at: Date.now() }]);
  tell();
  back();
  deliver();
});

async function deliver() {
  const waiting = read();
  if (sending || waiting.length === 0) return;
  sending = true;
  clearTimeout(timer);
  try {
    const response = await fetch(root.dataset.deliveries, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") ?? "" },
      body: JSON.stringify({ now: Date.now(), signatures: waiting }),
    });
    if (!response.ok) throw new Error(response.status);
    const { told } = await response.json();
    const isTaken = (one) => one.who in told && waiting.some((sent) => sent.who === one.who && sent.at === one.at);
    write(read().filter((one) => !isTaken(one)));
    for (const [uid, what] of Object.entries(told)) {
      if (what === "signed" || what === "already") mark(uid, words.signed, true);
      else mark(uid, what === "closed" ? words.closed : words.refused, what === "closed");
    }
    tell();
  } catch {
    timer = setTimeout(deliver, 5000);
  } finally {
    sending = false;
  }
}

addEventListener("online", deliver);
tell();
deliver();
// Keep this page within reach when the network is gone and somebody reloads it.
navigator.serviceWorker?.register("/room/offline.js", { scope: "/room/" });
