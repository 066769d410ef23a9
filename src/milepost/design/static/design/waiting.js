// The page for while the database is away: it goes on by itself, with what was asked for or with what was sent.
const PAUSES = [2, 3, 5, 10]; // seconds between looks
const pending = document.querySelector("[data-waiting]");
let looks = 0;

async function look() {
  try {
    const answer = await fetch("/readyz?for=serving", { cache: "no-store" });
    if (answer.ok) return pending instanceof HTMLFormElement ? pending.submit() : location.replace(pending.href);
  } catch {
    // Not even the server answers.
  }
  return wait();
}

const wait = () => setTimeout(look, 1000 * PAUSES[Math.min(looks++, PAUSES.length - 1)] * (0.8 + 0.4 * Math.random()));

if (pending) wait();
