/** A rectangle over the preview, drawn with pointer or keyboard, and the number fields that say the same. */

import { moved, resized, shaped, whole } from "./rectangle.js";

const EDGES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FIELDS = ["left", "top", "width", "height"];

/** Keeps a crop frame and the fields of a `tool-settings` in step. Rectangles are [left, top, width, height] in pixels. */
export class CropLink {
  constructor(settings) {
    this.settings = settings;
    this.frame = null;
    this.unit = settings.value("unit");
  }

  usePicture(picture) {
    this.end();
    if (!picture?.width) return;
    this.picture = picture;
    this.frame = document.createElement("crop-frame");
    this.frame.size = [picture.width, picture.height];
    this.frame.addEventListener("crop", () => this.write());
    this.settings.bench.querySelector("[data-fit]").append(this.frame);
    this.frame.ratio = this.ratio;
    const typed = this.read();
    this.frame.show(typed ?? shaped(whole(this.frame.size), this.ratio, this.frame.size));
    if (!typed) this.write();
  }

  /** Several pictures have several sizes: pixels of one would not be in another. */
  useShares() {
    if (this.frame && this.settings.value("unit") !== "percent") this.settings.set("unit", "percent");
  }

  get ratio() {
    return Number(this.settings.querySelector("[name=aspect]:checked")?.value) || null;
  }

  onInput(target) {
    if (!this.frame) {
      this.unit = this.settings.value("unit");
      return;
    }
    if (target.name === "aspect") {
      this.frame.ratio = this.ratio;
      this.frame.show(shaped(this.frame.rectangle, this.ratio, this.frame.size));
      this.write();
    } else if (target.name === "unit") {
      this.write();
    } else {
      const typed = this.read();
      if (typed) this.frame.show(typed);
    }
  }

  /** The rectangle the fields hold, null when they hold none that lies in the picture. */
  read() {
    const [width, height] = this.frame.size;
    const scale = this.settings.value("unit") === "percent" ? [width / 100, height / 100] : [1, 1];
    const texts = FIELDS.map((name) => this.settings.value(name));
    if (texts.some((text) => text === "")) return null;
    const found = texts.map((text, index) => Number(text) * scale[index % 2]);
    const inside = found[0] >= 0 && found[1] >= 0 && found[2] > 0 && found[3] > 0;
    return inside && found[0] + found[2] <= width + 0.5 && found[1] + found[3] <= height + 0.5 ? found : null;
  }

  write() {
    const [width, height] = this.frame.size;
    const percent = this.settings.value("unit") === "percent";
    const scale = percent ? [100 / width, 100 / height] : [1, 1];
    this.frame.rectangle.forEach((value, index) => {
      const shown = value * scale[index % 2];
      this.settings.set(FIELDS[index], percent ? Number(shown.toFixed(2)) : Math.round(shown));
    });
  }

  end() {
    this.frame?.remove();
    this.frame = null;
  }
}

class CropFrame extends HTMLElement {
  size = [1, 1];
  ratio = null;
  rectangle = [0, 0, 1, 1];

  connectedCallback() {
    const shade = element("div", "crop-shade");
    this.area = element("div", "crop-area");
    this.area.tabIndex = 0;
    this.area.setAttribute("role", "group");
    this.area.setAttribute("aria-roledescription", "crop area");
    this.label = element("span", "crop-size");
    this.dim = element("div", "crop-dim");
    this.area.append(this.label, ...EDGES.map(handle));
    shade.append(this.dim);
    this.append(shade, this.area);
    this.area.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("pointerdown", (event) => this.onPointer(event));
  }

  show(rectangle) {
    this.rectangle = rectangle;
    const [width, height] = this.size;
    for (const box of [this.area, this.dim]) {
      box.style.left = `${(rectangle[0] / width) * 100}%`;
      box.style.top = `${(rectangle[1] / height) * 100}%`;
      box.style.width = `${(rectangle[2] / width) * 100}%`;
      box.style.height = `${(rectangle[3] / height) * 100}%`;
    }
    const size = `${Math.round(rectangle[2])} × ${Math.round(rectangle[3])}`;
    this.label.textContent = size;
    this.area.setAttribute("aria-label", `${size} pixels. Arrow keys move it, with Shift they resize it.`);
  }

  change(rectangle) {
    this.show(rectangle);
    this.dispatchEvent(new CustomEvent("crop"));
  }

  onKey(event) {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = event.altKey ? 1 : Math.max(1, Math.round(Math.max(...this.size) / 100));
    const by = direction.map((sign) => sign * step);
    const next = event.shiftKey
      ? resized(this.rectangle, direction[0] ? "e" : "s", by, this.size, this.ratio)
      : moved(this.rectangle, by, this.size);
    this.change(next);
  }

  onPointer(event) {
    if (event.button !== 0) return;
    const edge = event.target.dataset.edge;
    const held = event.target.closest(".crop-area");
    if (!held) return;
    event.preventDefault();
    this.area.focus({ preventScroll: true });
    const start = { x: event.clientX, y: event.clientY, rectangle: this.rectangle };
    const bounds = this.getBoundingClientRect();
    const scale = [this.size[0] / bounds.width, this.size[1] / bounds.height];
    const drag = new AbortController();
    this.setPointerCapture(event.pointerId);
    const onMove = (move) => {
      const by = [(move.clientX - start.x) * scale[0], (move.clientY - start.y) * scale[1]];
      this.change(edge ? resized(start.rectangle, edge, by, this.size, this.ratio) : moved(start.rectangle, by, this.size));
    };
    this.addEventListener("pointermove", onMove, { signal: drag.signal });
    for (const end of ["pointerup", "pointercancel"]) {
      this.addEventListener(end, () => drag.abort(), { signal: drag.signal });
    }
  }
}

function element(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function handle(edge) {
  const made = element("span", "crop-handle");
  made.dataset.edge = edge;
  return made;
}

customElements.define("crop-frame", CropFrame);
