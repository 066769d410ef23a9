// What must arrive: kept in this browser until the server took it, and sent again after every silence.
//
//   import { listen, send } from "../design/keep-and-send.js";
//   send({ url, name, body, type });                 // kept when this returns, sent as soon as there is a network
//   listen((request, answer) => …);                  // what the server said of one; or nothing yet: it was not reached
//   waiting().length;                                // how many still wait
//
// A request belongs to the person whose page kept it (`data-person` of the document), and only pages of theirs send it:
// on a computer that several people use, nobody's answers go out under another name. The server is told whose they are
// as well, and refuses them when somebody else has signed in meanwhile (people.access); then they wait on.
//
// One of the same name takes the place of one that waits (the newest answer to a question is the answer), unless
// `merge(waiting, next)` joins their bodies. With `clock` a JSON body gets `now`, the device's clock when it is sent.
// `answer.ok` says that the server took it, and nothing else does. `answer.refused`: it never will, and the request is
// dropped, unless it has `keep`. `answer.held`: it waits until its person is signed in again.

// On a computer that others use (`data-shared`) it is kept in this window alone, and goes with it.

const PAUSES = [1, 2, 5, 10, 20, 30]; // seconds between tries
const person = document.documentElement.dataset.person;
const OURS = `waiting|${person}|`;
const store = isShared() ? sessionStorage : localStorage;
const listeners = new Set();
const told = [];
let timer = null;
let tries = 0;
let sending = false;
let isLeaving = false;

export function send(request, merge = null) {
  const key = keyOf(request);
  const before = read(key);
  const body = before && merge ? merge(before.body, request.body) : request.body;
  write(key, { ...request, body, at: before?.at ?? Date.now(), stamp: `${Date.now()}-${Math.random()}` });
  tries = 0;
  return flush();
}

// Also of what was answered before somebody listened: a page's scripts come one after the other.
export function listen(listener) {
  listeners.add(listener);
  for (const [request, answer] of told) listener(request, answer);
}

// The person's requests that wait, the oldest first.
export function waiting() {
  const keys = [...new Set([...Object.keys(store), ...unkept.keys()])].filter((key) => key.startsWith(OURS));
  return keys.map(read).sort((one, other) => one.at - other.at);
}

// Send what waits. One window at a time does, so that an older answer never overtakes a newer one.
export async function flush() {
  if (!person || sending) return;
  sending = true;
  clearTimeout(timer);
  try {
    if (isLeaving || !navigator.locks) await sendAll();
    else await navigator.locks.request(OURS, { ifAvailable: true }, (lock) => lock && sendAll());
  } catch {
    tell();
  } finally {
    sending = false;
  }
  if (waiting().length) timer = setTimeout(flush, 1000 * PAUSES[Math.min(tries++, PAUSES.length - 1)]);
}

async function sendAll() {
  const tried = new Set();
  let next;
  while ((next = waiting().find((request) => !tried.has(request.stamp)))) {
    tried.add(next.stamp);
    const answer = await post(next);
    const isOver = answer.ok || (answer.refused && !next.keep);
    if (isOver && read(keyOf(next))?.stamp === next.stamp) remove(keyOf(next));
    if (isOver) tries = 0;
    tell(next, answer);
  }
}

// Resolves with what the server said; rejects when it could say nothing.
async function post(request) {
  const body = request.clock ? JSON.stringify({ ...JSON.parse(request.body), now: Date.now() }) : request.body;
  const response = await fetch(request.url, {
    method: "POST",
    body,
    headers: { "Content-Type": request.type, "X-CSRFToken": cookie("__Host-csrftoken") ?? cookie("csrftoken") ?? "", "Milepost-Person": person },
    keepalive: body.length < 60000,
    redirect: "manual",
  });
  if (response.status >= 500 || [408, 425, 429].includes(response.status)) throw new Error("again");
  // Whoever is signed out is led to the sign-in page; who is somebody else, or has an old form, is forbidden.
  const held = response.type === "opaqueredirect" || [401, 403].includes(response.status);
  const said = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {};
  return { ...said, ok: response.ok, held, refused: !response.ok && !held };
}

function tell(request = null, answer = null) {
  if (answer) told.push([request, answer]);
  for (const listener of listeners) listener(request, answer);
}

const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
const keyOf = ({ url, name }) => `${OURS}${url}#${name}`;

// Each request is an item of its own, so that two windows never write over each other's; what the browser will not
// keep (it is full, or forbids it) waits in this window alone.
const unkept = new Map();
const read = (key) => unkept.get(key) ?? JSON.parse(store.getItem(key));
const write = (key, request) => {
  try {
    store.setItem(key, JSON.stringify(request));
    unkept.delete(key);
  } catch {
    unkept.set(key, request);
  }
};
const remove = (key) => {
  store.removeItem(key);
  unkept.delete(key);
};

// Whoever signs out for good leaves nothing of theirs in this browser.
export function forgetAll() {
  for (const { url, name } of waiting()) remove(keyOf({ url, name }));
  sessionStorage.clear();
}

// Once said, it holds for the window, whoever signs in next.
export function isShared() {
  if ("shared" in document.documentElement.dataset) sessionStorage.setItem("shared", "yes");
  return sessionStorage.getItem("shared") === "yes";
}

addEventListener("beforeunload", (event) => { if (store === sessionStorage && waiting().length && !event.defaultPrevented && !isGoing) event.preventDefault(); });
let isGoing = false; // by a link or a form: to a page of ours, which sends what waits
document.addEventListener("click", ({ target }) => { isGoing = !!target.closest("a[href], button"); }, { capture: true });
document.addEventListener("submit", () => { isGoing = true; }, { capture: true });

// A window that closes has no time to wait for its turn.
addEventListener("pagehide", () => { isLeaving = true; });
addEventListener("pageshow", () => { isLeaving = false; });
