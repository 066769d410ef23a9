// What every page has: the theme switch, menus that close, the loading bar, forms that are sent once.
import { flush } from "./reliable.js";

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

const bar = document.getElementById("loading");
const loading = (on) => bar?.classList.toggle("on", on);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
  loading(true);
});
addEventListener("pageshow", () => loading(false));
document.addEventListener("htmx:before:request", () => loading(true));
document.addEventListener("htmx:finally:request", () => loading(false));

// A part of a page that could not come since the database is away (503): why stands above what is there, which stays.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status !== 503 || ctx.hx?.retarget !== "#main") return;
  document.querySelector("#main > .messages[role=alert]")?.remove();
  document.getElementById("main").insertAdjacentHTML("afterbegin", ctx.text);
});

// A form that came back with something to mend: its first wrong field is where the keyboard is, even far down the page.
const wrong = document.querySelector("#main [aria-invalid=true]");
for (let fold = wrong?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
wrong?.focus();

// Controls that apply a filter as they change; without JavaScript the button beside them does it.
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
});

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

// Phones fold the filters, unless something is chosen.
for (const filter of document.querySelectorAll(".filter-sheet")) {
  const isNarrow = [...filter.querySelectorAll("select, input[type=search]")].some((control) => control.value && control.value !== "active");
  filter.open = isNarrow || matchMedia("(min-width: 768px)").matches;
}

// The arrow keys turn pages in the player, but not while somebody types or plays.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, video, audio, [role=tab], summary, button")) return;
  const link = document.querySelector(event.key === "ArrowRight" ? "a[data-next]" : event.key === "ArrowLeft" ? "a[data-previous]" : null);
  link?.click();
});

const notice = document.querySelector(".offline");
const tell = () => notice?.classList.toggle("shown", !navigator.onLine);
addEventListener("online", () => { tell(); flush(); });
addEventListener("offline", tell);
tell();
flush();
