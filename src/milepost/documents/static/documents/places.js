// Places on the pages of a PDF: dragged, sized, moved by keyboard. What is kept are fractions of the page.
const form = document.querySelector("[data-places-form]");
const pages = [...document.querySelectorAll("[data-page]")];
const SIZES = { signature: [0.28, 0.06], text: [0.3, 0.028], date: [0.16, 0.028], check: [0.03, 0.022] };
const STEP = 0.005;
let places = JSON.parse(document.getElementById("places").textContent);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function fit(place) {
  place.width = clamp(place.width, 0.015, 1);
  place.height = clamp(place.height, 0.01, 1);
  place.x = clamp(place.x, 0, 1 - place.width);
  place.y = clamp(place.y, 0, 1 - place.height);
}

function show(place, box) {
  fit(place);
  box.style.left = `${place.x * 100}%`;
  box.style.top = `${place.y * 100}%`;
  box.style.width = `${place.width * 100}%`;
  box.style.height = `${place.height * 100}%`;
}

function add(place) {
  const box = document.createElement("div");
  box.className = `place place-${place.signatory % 5}`;
  box.tabIndex = 0;
  box.setAttribute("role", "button");
  const kind = document.querySelector(`#place-kind option[value="${place.kind}"]`)?.textContent ?? place.kind;
  box.textContent = `${place.signatory + 1} · ${place.label || kind}`;
  const corner = document.createElement("span");
  corner.className = "place-corner";
  box.append(corner);
  pages[place.page].append(box);
  show(place, box);
  box.addEventListener("pointerdown", (event) => drag(event, place, box, event.target === corner));
  box.addEventListener("keydown", (event) => key(event, place, box));
  return box;
}

function drag(event, place, box, isSize) {
  event.preventDefault();
  box.focus();
  box.setPointerCapture(event.pointerId);
  const page = pages[place.page].getBoundingClientRect();
  const from = { ...place, left: event.clientX, top: event.clientY };
  const move = (moved) => {
    const [dx, dy] = [(moved.clientX - from.left) / page.width, (moved.clientY - from.top) / page.height];
    if (isSize) Object.assign(place, { width: from.width + dx, height: from.height + dy });
    else Object.assign(place, { x: from.x + dx, y: from.y + dy });
    show(place, box);
  };
  box.addEventListener("pointermove", move);
  box.addEventListener("pointerup", () => box.removeEventListener("pointermove", move), { once: true });
}

function key(event, place, box) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
  if (event.key === "Delete" || event.key === "Backspace") {
    places = places.filter((other) => other !== place);
    box.remove();
  } else if (!dx && !dy) return;
  else if (event.shiftKey) Object.assign(place, { width: place.width + dx * STEP, height: place.height + dy * STEP });
  else Object.assign(place, { x: place.x + dx * STEP, y: place.y + dy * STEP });
  event.preventDefault();
  if (box.isConnected) show(place, box);
}

// A new place stands in the middle of the page that fills most of the screen.
function pageInView() {
  const seen = pages.map((page) => {
    const box = page.getBoundingClientRect();
    return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
  });
  return Math.max(0, seen.indexOf(Math.max(...seen)));
}

document.querySelector("[data-place-add]").addEventListener("click", () => {
  const kind = document.getElementById("place-kind").value;
  const [width, height] = SIZES[kind];
  const place = {
    signatory: Number(document.getElementById("place-who").value), kind, page: pageInView(), x: 0.5 - width / 2, y: 0.45,
    width, height, label: document.getElementById("place-label").value.trim(), required: true,
  };
  places.push(place);
  add(place).focus();
});
places.forEach(add);
form.addEventListener("submit", () => { form.elements.places.value = JSON.stringify(places); }, { capture: true });
