// What was typed into a form, kept in this window until its answer came: whoever is led to the sign-in page instead, as
// their session had ended, finds it again in its form, and sends it once more. It belongs to them: whoever else signs in
// here finds nothing. Passwords and files are not kept. What must arrive without a hand is the affair of reliable.js.

const KEY = "typed";
const TYPED = "input:not([type=hidden], [type=password], [type=file], [type=submit], [type=button]), textarea, select";
const person = document.documentElement.dataset.person;
const here = location.pathname + location.search;

export function keepTyped(form) {
  const fields = [...form.querySelectorAll(TYPED)].filter(({ name, disabled }) => name && !disabled);
  if (!person || form.method !== "post" || !fields.some((field) => field.matches("textarea, input:not([type=checkbox], [type=radio])"))) return;
  const values = fields.map((field) => [field.name, valueOf(field)]);
  write({ person, page: here, form: pathOf(form), values });
}

// An answer came, and stands on this page (htmx).
export const forgetTyped = () => sessionStorage.removeItem(KEY);

const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
if (kept && location.pathname.startsWith("/accounts/")) write({ ...kept, waits: true });
else if (kept && !(kept.waits && person === kept.person)) forgetTyped();
else if (kept && here === kept.page) {
  forgetTyped();
  const form = [...document.forms].find((one) => one.method === "post" && pathOf(one) === kept.form);
  if (form) restore(form, kept.values);
}

function restore(form, values) {
  const waiting = new Map();
  for (const [name, value] of values) waiting.set(name, [...(waiting.get(name) ?? []), value]);
  for (const field of form.querySelectorAll(TYPED)) {
    const value = waiting.get(field.name)?.shift();
    if (value === undefined) continue;
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = value;
    else if (field.multiple && field.options) for (const option of field.options) option.selected = value.includes(option.value);
    else field.value = value;
  }
  for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  const words = document.getElementById("typed-again");
  form.prepend(words.content.cloneNode(true));
  form.querySelector(TYPED)?.focus();
}

function valueOf(field) {
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked;
  return field.multiple && field.selectedOptions ? [...field.selectedOptions].map(({ value }) => value) : field.value;
}

function write(what) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(what));
  } catch {
    forgetTyped(); // the browser will not keep so much, or anything
  }
}

function pathOf(form) {
  return new URL(form.getAttribute("action") || location.href, location.href).pathname;
}
