// One question at a time, each answer saved as it is given. Without JavaScript the whole form works as it is.
import { flush, listen, send, waiting } from "../design/keep-and-send.js";

const form = document.querySelector("form[data-quiz]");
const questions = [...form.querySelectorAll(".question")];
const words = form.dataset;
const status = form.querySelector(".saved");
const dots = form.querySelector(".dots");
const back = form.querySelector("[data-back]");
const forth = form.querySelector("[data-forth]");
const finish = form.querySelector("[data-finish]");
const counter = form.querySelector(".counter");
let at = 0;
let dirty = null;
let isFinishing = false; // “Finish” was pressed, and waits for a network or for answers that are not there yet

// A question counts as answered once each of its fields is filled (or something is chosen), and nothing is wrong with it.
const isAnswered = (question) => {
  const fields = [...question.querySelectorAll("select, input[type=text]")];
  if (fields.length) return fields.every((field) => field.value.trim()) && !complaintOf(question).textContent;
  return Boolean(question.dataset.touched || question.querySelector("input:checked"));
};
const complaintOf = (question) => question.querySelector("[data-complaint]");

// What the server says of an answer that can be none; it is kept as it was typed.
function complain(question, words) {
  complaintOf(question).textContent = words;
  for (const field of question.querySelectorAll("input[type=text]")) {
    if (words) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
  }
}

function save(question) {
  const data = new URLSearchParams();
  for (const control of question.querySelectorAll("input, select")) {
    if (["radio", "checkbox"].includes(control.type) && !control.checked) continue;
    data.append(control.name, control.value);
  }
  status.textContent = words.saving;
  send({ url: words.answers, name: question.id, body: data.toString(), type: "application/x-www-form-urlencoded" });
  show(at, false);
}

// What was kept here and not delivered yet (the session had ended, the window was closed) is not in the page that the
// server made: nothing is handed in until it is there, and then the page comes anew with it.
const kept = () => waiting().filter((one) => one.url === words.answers);
const isOfBefore = (one) => one.at < performance.timeOrigin;
let isStale = false; // something of before was delivered since this page was made

// “Saved” is said when the server said so, and of the last answer that was given here.
listen((request, answer) => {
  if (request && request.url !== words.answers) return;
  if (answer?.over) {
    location.reload();
    return;
  }
  const mine = kept();
  if (answer?.ok && isOfBefore(request)) isStale = true;
  if (isStale && !mine.length) {
    location.reload();
    return;
  }
  const question = questions.find((one) => one.id === request?.name);
  const complaint = answer?.complaints?.[request.name] ?? "";
  if (answer?.ok && question) {
    complain(question, complaint);
    show(at, false);
  }
  if (answer?.refused) status.textContent = words.refused;
  else if (answer?.held) status.textContent = words.held;
  else if (mine.length && !answer) status.textContent = isFinishing ? words.finishing : words.waiting;
  else if (!mine.length && answer?.ok) status.textContent = complaint ? "" : words.saved;
  finishWaiting();
});

// What was pressed without a network happens once there is one: whoever read that it is kept goes away.
function finishWaiting() {
  if (isFinishing && navigator.onLine && !kept().length) form.requestSubmit();
}
addEventListener("online", finishWaiting);

function show(index, focus = true) {
  at = Math.max(0, Math.min(index, questions.length - 1));
  questions.forEach((question, number) => { question.hidden = number !== at; });
  [...dots.children].forEach((dot, number) => {
    const button = dot.firstElementChild;
    button.classList.toggle("answered", isAnswered(questions[number]));
    if (number === at) button.setAttribute("aria-current", "step"); else button.removeAttribute("aria-current");
  });
  const isLast = at === questions.length - 1;
  counter.textContent = words.counter.replace("{at}", at + 1).replace("{of}", questions.length);
  back.hidden = at === 0;
  forth.hidden = isLast;
  finish.hidden = !isLast;
  if (focus) questions[at].querySelector("legend").focus({ preventScroll: true });
  if (focus) scrollTo({ top: 0 });
}

function move(item, by) {
  const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(item); else other.after(item);
  const question = item.closest(".question");
  question.dataset.touched = "yes";
  item.querySelector(by < 0 ? "[data-up]" : "[data-down]").focus();
  save(question);
}

form.classList.add("stepping");
questions.forEach((question, index) => {
  const legend = question.querySelector("legend");
  legend.tabIndex = -1;
  const dot = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", words.counter.replace("{at}", index + 1).replace("{of}", questions.length));
  button.addEventListener("click", () => show(index));
  dot.append(button);
  dots.append(dot);
});

form.addEventListener("change", (event) => { dirty = null; save(event.target.closest(".question")); });
form.addEventListener("input", (event) => {
  if (!event.target.matches("input[type=text]")) return;
  const question = event.target.closest(".question");
  clearTimeout(dirty);
  dirty = setTimeout(() => save(question), 800);
});
form.addEventListener("click", (event) => {
  if (event.target.closest("[data-up]")) move(event.target.closest("li"), -1);
  if (event.target.closest("[data-down]")) move(event.target.closest("li"), 1);
});
// Enter in a text field goes on instead of handing everything in.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input") && at < questions.length - 1) {
    event.preventDefault();
    show(at + 1);
  }
});
form.addEventListener("submit", (event) => {
  clearTimeout(dirty);
  const open = questions.filter((question) => !isAnswered(question)).length;
  if (open && !form.dataset.late && !isFinishing && !confirm(words.unanswered.replace("{count}", open))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    show(questions.findIndex((question) => !isAnswered(question)));
    return;
  }
  if (!navigator.onLine || isStale || kept().some(isOfBefore)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    isFinishing = true;
    status.textContent = words.finishing;
    flush();
  }
}, true);
back.addEventListener("click", () => show(at - 1));
forth.addEventListener("click", () => show(at + 1));
form.querySelectorAll("[data-up], [data-down]").forEach((button) => { button.hidden = false; });
show(Math.max(0, questions.findIndex((question) => question.dataset.answered !== "yes")), false);

const clock = form.querySelector("[data-remaining]");
if (clock) {
  const end = Date.now() + 1000 * Number(clock.dataset.remaining);
  const run = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    clock.querySelector("b").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    clock.classList.toggle("late", left < 60);
    if (left > 0) return;
    clearInterval(ticking);
    form.dataset.late = "yes";
    flush();
    form.requestSubmit();
  };
  const ticking = setInterval(run, 1000);
  run();
}
