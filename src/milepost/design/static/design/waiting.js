// The page for while the database is away: it goes on by itself, with what was asked for or with what was sent.
const PAUSES = [2, 3, 5, 10]; // seconds between looks
const pending = document.querySelector("[data-waiting]");
const isForm = pending instanceof HTMLFormElement;
let timer = 0;
let isAsking = false;
// Who waits again right after has waited before: on a full disk pages can be had and nothing can be saved, so each try leads here.
let looks = 0;
try {
  const [at, before] = JSON.parse(sessionStorage.getItem("waiting"));
  if (Date.now() - at < 30000) looks = before;
} catch {
  // Nothing is remembered, or may be.
}

async function look() {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  try {
    sessionStorage.setItem("waiting", JSON.stringify([Date.now(), looks]));
  } catch {
    // The browser forbids it: then the pauses begin anew.
  }
  try {
    const answer = await fetch("/readyz?for=serving", { cache: "no-store" });
    if (answer.ok) return isForm ? pending.submit() : location.replace(pending.href); // once: from here on nobody asks again
  } catch {
    // Not even the server answers.
  }
  isAsking = false;
  return wait();
}

function wait() {
  timer = setTimeout(look, 1000 * PAUSES[Math.min(looks++, PAUSES.length - 1)] * (0.8 + 0.4 * Math.random()));
}

if (pending) {
  // Whoever presses looks now: what was typed leaves this page only for a server that takes it, and not twice.
  pending.addEventListener(isForm ? "submit" : "click", (event) => {
    event.preventDefault();
    look();
  });
  wait();
}
