// The trainer's live page: the list asks for news unless somebody’s attendance is being noted or a name typed, and the code fills
// the screen on request. What could not be done stays long enough to be read, whoever signs meanwhile.
const EVERY = 3000; // ms
const READ_AFTER = 30000; // ms
const BUSY = "details[open], input[type=search]:focus";

setInterval(() => {
  const list = document.getElementById("list");
  const isRead = performance.now() > READ_AFTER || !list?.querySelector(".message-error");
  if (list && !document.hidden && isRead && !list.querySelector(BUSY)) list.dispatchEvent(new Event("refresh"));
}, EVERY);

const button = document.querySelector("[data-fullscreen]");
if (button && document.fullscreenEnabled) {
  button.hidden = false;
  button.addEventListener("click", () => document.querySelector("aside").requestFullscreen());
}
