// One more person who signs.
const parties = document.querySelector("[data-parties]");
const add = document.querySelector("[data-add-party]");
if (parties && add) {
  add.hidden = false;
  add.addEventListener("click", () => {
    const number = parties.children.length + 1;
    const next = parties.lastElementChild.cloneNode(true);
    next.querySelector("legend").textContent = next.querySelector("legend").textContent.replace(/\d+/, number);
    for (const control of next.querySelectorAll("input")) {
      const label = next.querySelector(`[for="${control.id}"]`);
      control.id = label.htmlFor = `${control.name}-${number}`;
      control.value = "";
    }
    parties.append(next);
    next.querySelector("input").focus();
  });
}
