// Watches what is watched: plays on from where one stopped, tells the server which ranges were really seen.
import { listen, send } from "../design/keep-and-send.js";

const EVERY = 15000; // ms between beats
const stage = document.querySelector("[data-video]");
const video = stage.querySelector("video");
const meter = document.querySelector("[data-meter]");
const cues = [...stage.querySelectorAll("[data-at]")];
const transcript = cues.filter((cue) => cue.closest(".transcript"));
let ranges = [];
let from = null;
let last = 0;

const close = () => {
  if (from !== null && last > from) ranges.push([from, last]);
  from = null;
};

const merge = (waiting, next) => {
  const [before, after] = [JSON.parse(waiting), JSON.parse(next)];
  return JSON.stringify({ position: after.position, ranges: [...before.ranges, ...after.ranges] });
};

function beat() {
  const isPlaying = from !== null;
  close();
  if (isPlaying) from = last;
  const told = { position: video.currentTime, ranges: ranges.map(([start, end]) => [Number(start.toFixed(1)), Number(end.toFixed(1))]) };
  ranges = [];
  send({ url: stage.dataset.beat, name: "beat", body: JSON.stringify(told), type: "application/json" }, merge);
}

video.addEventListener("loadedmetadata", () => {
  const start = Number(stage.dataset.position);
  if (start > 1 && start < video.duration - 2) video.currentTime = start;
  video.playbackRate = Number(localStorage.getItem("speed") || 1);
}, { once: true });
video.addEventListener("playing", () => { from = last = video.currentTime; });
video.addEventListener("timeupdate", () => {
  const now = video.currentTime;
  // A jump is not watching: only small steps forward in playing time count.
  if (from !== null && (now < last || now > last + 1.5 * video.playbackRate + 0.5)) { close(); from = now; }
  last = now;
  mark(now);
});
video.addEventListener("seeking", () => { close(); last = video.currentTime; });
video.addEventListener("seeked", () => { if (!video.paused) from = last = video.currentTime; });
video.addEventListener("pause", beat);
video.addEventListener("ended", beat);
video.addEventListener("ratechange", () => {
  if (video.playbackRate > 2) video.playbackRate = 2;
  localStorage.setItem("speed", video.playbackRate);
  const speed = stage.querySelector("[data-speed]");
  if (speed) speed.value = String(video.playbackRate);
});
addEventListener("pagehide", () => { if (from !== null) beat(); });
setInterval(() => { if (!video.paused) beat(); }, EVERY);

function mark(now) {
  const current = transcript.findLast((cue) => Number(cue.dataset.at) <= now);
  for (const cue of transcript) {
    if (cue === current && !cue.hasAttribute("aria-current")) {
      cue.setAttribute("aria-current", "true");
      const list = cue.closest(".transcript");
      list.scrollTo({ top: cue.offsetTop - list.offsetTop - list.clientHeight / 3 });
    } else if (cue !== current) cue.removeAttribute("aria-current");
  }
}

stage.addEventListener("click", (event) => {
  const cue = event.target.closest("[data-at]");
  if (!cue) return;
  video.currentTime = Number(cue.dataset.at);
  video.play();
});
stage.querySelector("[data-speed]")?.addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });

listen((_request, answer) => {
  if (answer?.percent === undefined || !meter) return;
  meter.querySelector("progress").value = answer.percent;
  meter.querySelector("[data-percent]").textContent = answer.percent;
  if (!answer.complete) return;
  meter.classList.add("complete");
  meter.querySelector("[data-done]").hidden = false;
  document.querySelector(".steps form .btn").classList.replace("btn-quiet", "btn-primary");
  document.getElementById("said").textContent = meter.innerText;
});
