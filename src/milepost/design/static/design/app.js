// What every page has: the theme switch, menus that close, the loading bar, forms that are sent once.
import { flush, forgetAll, isShared, waiting } from "./keep-and-send.js";
import { forgetTyped, keepTyped } from "./typed.js";

let isReachable = false; // the server answers, though the browser says that there is no network
let next = null; // what was asked for without a network

document.addEventListener("click", (event) => {
  const switcher = event.target.closest("[data-theme-switch]");
  if (switcher) {
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    document.documentElement.dataset.bsTheme = next;
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Signing out on a computer that is not one's own.
const isLeaving = (form, button) =>
  form.getAttribute("action")?.endsWith("/accounts/logout/") && (button?.name === "leave_nothing" || isShared());

const bar = document.getElementById("loading");
const loading = (on) => bar?.classList.toggle("on", on);

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (stays(event, () => form.requestSubmit(event.submitter))) return;
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  if (isLeaving(form, event.submitter)) {
    const unsent = document.getElementById("unsent")?.content.textContent;
    if (waiting().length && !confirm(unsent)) {
      event.preventDefault();
      return;
    }
    forgetAll();
  }
  if (form.dataset.sent) event.preventDefault();
  if (!form.dataset.sent) keepTyped(form);
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
  loading(true);
});
addEventListener("pageshow", () => loading(false));
let asking = null; // where the keyboard was when a part of the page was asked for
document.addEventListener("htmx:before:request", () => { asking = document.activeElement; loading(true); });
document.addEventListener("htmx:finally:request", () => loading(false));

// What a filter found is said in a few words by an element that stays, and not read from one end to the other. A button that
// was replaced by what it asked for leaves the keyboard there, and not behind it.
document.addEventListener("htmx:after:swap", () => {
  forgetTyped();
  const words = document.querySelector("#main [data-said], #main .empty h2");
  if (words?.textContent.trim()) document.getElementById("said").textContent = words.textContent.trim();
  if (!words || !asking || asking.isConnected || document.activeElement !== document.body) return;
  words.tabIndex = -1;
  words.focus();
});

// A part of a page that could not come since the database is away (503): why stands above what is there, which stays.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status !== 503 || ctx.hx?.retarget !== "#main") return;
  document.querySelector("#main > .messages[role=alert]")?.remove();
  document.getElementById("main").insertAdjacentHTML("afterbegin", ctx.text); // never: written (a part of a page of ours)
});

// A picture that could not come, since too many are made at this moment (503), is asked for again a little later.
const comeAgain = (picture) => {
  const tries = Number(picture.dataset.again);
  if (tries >= 6) return;
  picture.dataset.again = tries + 1;
  setTimeout(() => { picture.src = picture.src; }, 500 * (tries + 1) * (1 + Math.random()));
};
document.addEventListener("error", ({ target }) => { if (target.matches?.("img[data-again]")) comeAgain(target); }, { capture: true });
for (const picture of document.querySelectorAll("img[data-again]")) {
  if (picture.complete && !picture.naturalWidth) comeAgain(picture); // it failed before this was here
}

// A form that came back with something to mend: its first wrong field is where the keyboard is, even far down the page.
const wrong = document.querySelector("#main [aria-invalid=true]");
for (let fold = wrong?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
wrong?.focus();

// Controls that apply a choice as it changes; without JavaScript the button beside them does it. An arrow key changes a
// list at each press, so what is chosen by keyboard counts once the list is left. The keyboard stays where it is.
let isByKey = false;
document.addEventListener("keydown", () => { isByKey = true; }, { capture: true });
document.addEventListener("pointerdown", () => { isByKey = false; }, { capture: true });
document.addEventListener("change", ({ target }) => {
  if (!target.closest("[data-submit-on-change]")) return;
  const apply = () => setTimeout(() => {
    sessionStorage.setItem("focus", document.activeElement.name || target.name);
    target.form.requestSubmit();
  });
  if (isByKey && target.matches("select")) target.addEventListener("blur", apply, { once: true });
  else apply();
});
const left = sessionStorage.getItem("focus");
sessionStorage.removeItem("focus");
if (left && !wrong) document.getElementsByName(left)[0]?.focus();

// Wide screens show the outline of the player, phones fold it.
const outline = document.querySelector(".player-outline");
if (outline) {
  const wide = matchMedia("(min-width: 992px)");
  const fit = () => { outline.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
  const here = outline.querySelector("[aria-current]");
  if (here && wide.matches) outline.scrollTop = here.offsetTop - outline.clientHeight / 2;
}

// Phones fold the filters, which say what they narrow by; one without which nothing is there stays open until it was used.
const isWide = matchMedia("(min-width: 768px)");
for (const filter of document.querySelectorAll(".filter-sheet")) {
  const summary = filter.querySelector("summary");
  const label = summary.textContent;
  const tell = () => { summary.textContent = [label, ...chosenIn(filter)].join(" · "); };
  const fit = () => { filter.open = isWide.matches || filter.hasAttribute("data-first"); };
  isWide.addEventListener("change", fit);
  filter.closest("form").addEventListener("change", tell);
  filter.closest("form").addEventListener("submit", () => {
    tell();
    if (isWide.matches) return;
    if (filter.contains(document.activeElement)) summary.focus();
    filter.open = false;
  });
  tell();
  fit();
}

function chosenIn(filter) {
  const controls = [...filter.querySelectorAll("select, input[type=search]")];
  const narrowing = controls.filter(({ value }) => value && value !== "active");
  return narrowing.map((control) => (control.selectedOptions ? control.selectedOptions[0].text : control.value).trim());
}

// The arrow keys turn pages in the player, but not while somebody types or plays.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, video, audio, [role=tab], summary, button")) return;
  const link = document.querySelector(event.key === "ArrowRight" ? "a[data-next]" : event.key === "ArrowLeft" ? "a[data-previous]" : null);
  link?.click();
});

const notice = document.querySelector(".offline");
const tell = () => notice?.classList.toggle("shown", !navigator.onLine);
addEventListener("online", () => { tell(); flush(); goOn(); });
addEventListener("offline", () => { isReachable = false; tell(); });
tell();
flush();

// A page that is left without a network is lost to the browser's own, with what was typed into it. So it stays, says so,
// and goes on by itself. Without a network, yet with a server within reach (both on one machine), it just goes on.
// A page that a service worker keeps is its own affair.
function stays(event, proceed) {
  if (navigator.onLine || isReachable || navigator.serviceWorker?.controller) return false;
  event.preventDefault();
  next = proceed;
  notice?.classList.add("stays");
  fetch("/healthz", { cache: "no-store" }).then(({ ok }) => ok && goOn(), () => {});
  return true;
}

function goOn() {
  const proceed = next;
  [isReachable, next] = [true, null];
  notice?.classList.remove("stays");
  proceed?.();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.origin !== location.origin || link.target || link.download) return;
  if (link.hash && link.pathname === location.pathname) return;
  stays(event, () => { location.href = link.href; });
});
