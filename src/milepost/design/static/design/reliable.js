// Requests that must arrive: kept in the browser until the server took them, sent again after every silence.
// A later request with the same name replaces the one that waits (the newest answer to a question is the answer),
// unless it brings its own way to merge.

const STORE = "milepost-waiting";
const PAUSES = [1, 2, 5, 10, 20, 30]; // seconds between tries
let timer = null;
let sending = false;
let tries = 0;
const listeners = new Set();

const read = () => JSON.parse(localStorage.getItem(STORE) || "{}");
const write = (waiting) => localStorage.setItem(STORE, JSON.stringify(waiting));
const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
const key = (request) => `${request.url}#${request.name}`;

// Send {url, name, body, type}; returns at once. `merge(waiting, next)` joins it with one that still waits.
export function send(request, merge = null) {
  const waiting = read();
  const before = waiting[key(request)];
  waiting[key(request)] = before && merge ? { ...request, body: merge(before.body, request.body), stamp: stamp() } : { ...request, stamp: stamp() };
  write(waiting);
  tries = 0;
  return flush();
}

const stamp = () => `${Date.now()}-${Math.random()}`;

// How many requests wait, and what the server answered: (waiting, request, answer) => …
export function listen(listener) {
  listeners.add(listener);
}

const tell = (request = null, answer = null) => {
  const waiting = Object.keys(read()).length;
  for (const listener of listeners) listener(waiting, request, answer);
};

export async function flush() {
  if (sending) return;
  sending = true;
  clearTimeout(timer);
  try {
    let next;
    while ((next = Object.values(read())[0])) {
      const answer = await post(next);
      const waiting = read();
      if (waiting[key(next)]?.stamp === next.stamp) delete waiting[key(next)];
      write(waiting);
      tries = 0;
      tell(next, answer);
    }
  } catch {
    tell();
    timer = setTimeout(flush, 1000 * PAUSES[Math.min(tries++, PAUSES.length - 1)]);
  } finally {
    sending = false;
  }
}

// Resolves when the server took the request or will never take it; rejects when it is worth trying again.
async function post(request) {
  const response = await fetch(request.url, {
    method: "POST",
    body: request.body,
    headers: { "Content-Type": request.type, "X-CSRFToken": cookie("csrftoken") ?? "" },
    keepalive: request.body.length < 60000,
    redirect: "manual",
  });
  if (response.status >= 500 || response.status === 429 || response.status === 408) throw new Error("again");
  if (response.type === "opaqueredirect") return { status: 302 };
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return { status: response.status, ...(isJson ? await response.json() : {}) };
}
