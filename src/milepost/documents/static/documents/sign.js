// The place to sign: drawn with signature_pad, or typed. What is sent are the points of the strokes, not a picture.
import SignaturePad from "../design/vendor/signature_pad.min.js";

export class Pad {
  constructor(root) {
    this.root = root;
    this.field = root.querySelector("[name=signature]");
    this.typed = root.querySelector("[name=typed]");
    this.drawnPart = root.querySelector("[data-drawn]");
    this.typedPart = root.querySelector("[data-typed]");
    this.canvas = root.querySelector("canvas");
    this.hint = root.querySelector(".sign-hint");
    this.pad = new SignaturePad(this.canvas, { penColor: getComputedStyle(root).color, minWidth: 0.8, maxWidth: 2.6 });
    this.pad.addEventListener("beginStroke", () => { this.hint.hidden = true; this.say(""); });
    root.querySelector("[data-clear]").addEventListener("click", () => this.clear());
    root.querySelector("[data-type]").addEventListener("click", () => { this.show("typed"); this.typed.focus(); });
    root.querySelector("[data-draw]").addEventListener("click", () => { this.show("drawn"); root.querySelector("[data-type]").focus(); });
    root.querySelector("[data-draw]").hidden = false;
    addEventListener("resize", () => this.fit());
    this.show("drawn");
  }

  show(part) {
    this.isTyped = part === "typed";
    this.drawnPart.hidden = this.isTyped;
    this.typedPart.hidden = !this.isTyped;
    if (!this.isTyped) this.fit();
  }

  // A canvas has the pixels of the screen; what was drawn survives a turned phone.
  fit() {
    const ratio = Math.max(devicePixelRatio || 1, 1);
    const { offsetWidth: width, offsetHeight: height } = this.canvas;
    if (!width || (this.width === width && this.height === height)) return;
    const drawn = this.pad.toData();
    Object.assign(this, { width, height });
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.getContext("2d").scale(ratio, ratio);
    this.pad.fromData(drawn);
  }

  clear() {
    this.pad.clear();
    this.typed.value = "";
    this.hint.hidden = false;
    this.say("");
  }

  say(problem) {
    this.root.querySelector("[data-problem]").textContent = problem;
  }

  // There is nothing to send yet: said at once, beside the place to sign, with the keyboard where it can be done.
  complain() {
    this.say(this.root.dataset.empty);
    if (this.isTyped) this.typed.focus();
    else this.root.querySelector("[data-type]").focus();
  }

  // What the server keeps; null when there is nothing yet.
  value() {
    if (this.isTyped) return this.typed.value.trim() ? { text: this.typed.value.trim() } : null;
    if (this.pad.isEmpty()) return null;
    const strokes = this.pad.toData().map(({ points }) => points.flatMap(({ x, y }) => [Math.round(x), Math.round(y)]));
    return { width: Math.round(this.width), height: Math.round(this.height), strokes };
  }
}

const place = () => new Promise((tell) => navigator.geolocation.getCurrentPosition(
  ({ coords }) => tell(JSON.stringify({ latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy })),
  () => tell(""),
  { timeout: 8000 },
));

for (const form of document.querySelectorAll("[data-sign-form]")) {
  const pad = new Pad(form.querySelector("[data-sign]"));
  const wish = form.querySelector("[data-location]");
  wish?.addEventListener("change", async () => { form.elements.location.value = wish.checked ? await place() : ""; });
  // In the capture phase, before the shell counts the form as sent.
  form.addEventListener("submit", (event) => {
    const signature = pad.value();
    pad.field.value = JSON.stringify(signature ?? {});
    if (signature) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pad.complain();
  }, { capture: true });
}
