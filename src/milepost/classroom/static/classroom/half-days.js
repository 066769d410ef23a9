// Another half-day: the day after the last pair, or the afternoon of the same day.
const rows = document.querySelector("[data-half-days]");
const add = rows?.querySelector("[data-add]");
if (add) {
  add.hidden = false;
  add.addEventListener("click", () => {
    const all = rows.querySelectorAll(".half-day");
    const last = all[all.length - 1];
    const next = last.cloneNode(true);
    for (const control of next.querySelectorAll("input")) {
      const label = next.querySelector(`[for="${control.id}"]`);
      control.id = label.htmlFor = `${control.name}-${all.length + 1}`;
    }
    last.after(next);
    next.querySelector("input").focus();
  });
  // The first day is copied down to rows that have none yet.
  rows.addEventListener("change", (event) => {
    if (event.target.name !== "day") return;
    for (const day of rows.querySelectorAll("[name=day]")) day.value ||= event.target.value;
  });
}
