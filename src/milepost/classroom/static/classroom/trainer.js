// The trainer's live page: the list asks for news unless somebody’s attendance is being noted, and the code fills the screen on request.
const EVERY = 3000; // ms

setInterval(() => {
  const list = document.getElementById("list");
  if (list && !document.hidden && !list.querySelector("details[open]")) list.dispatchEvent(new Event("refresh"));
}, EVERY);

const button = document.querySelector("[data-fullscreen]");
if (button && document.fullscreenEnabled) {
  button.hidden = false;
  button.addEventListener("click", () => document.querySelector("aside").requestFullscreen());
}
