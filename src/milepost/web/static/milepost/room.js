// The trainer's live page: the code fills the screen on request, and Escape brings the list back.
const button = document.querySelector("[data-fullscreen]");
if (button && document.fullscreenEnabled) {
  button.hidden = false;
  button.addEventListener("click", () => document.querySelector("aside").requestFullscreen());
}
