/** The settings of a tool: sliders beside numbers, fields that depend on others, presets, a memory, first checks. */

import { CropLink } from "./crop.js";
import { recall, remember, forgetSettings } from "./memory.js";
import { showSides } from "./sides.js";

class ToolSettings extends HTMLElement {
  connectedCallback() {
    this.bench = this.closest("tool-workbench");
    this.presets = this.querySelector("[data-presets]");
    this.crop = this.isDrawnOnPicture ? new CropLink(this) : null;
    this.addEventListener("input", (event) => this.onInput(event));
    const chosen = this.hasAttribute("data-bound") || new URLSearchParams(location.search).has("job");
    if (this.bench && !chosen) recall(this.tool, this);
    this.refresh();
    if (this.bench?.picture) this.usePicture(this.bench.picture);
  }

  disconnectedCallback() {
    this.crop?.end();
  }

  get tool() {
    return this.bench?.dataset.tool ?? "";
  }

  get isDrawnOnPicture() {
    return this.dataset.editor === "crop";
  }

  /** The controls that are sent: one per setting, several for a choice of radios. */
  get controls() {
    return [...this.querySelectorAll("[data-field] :is(input, select, textarea)[name]")];
  }

  control(name) {
    return this.querySelector(`[data-field="${CSS.escape(name)}"] [name]`);
  }

  value(name) {
    const control = this.control(name);
    if (control?.type === "radio") return control.closest("[data-field]").querySelector("[name]:checked")?.value ?? "";
    return control?.type === "checkbox" ? String(control.checked) : (control?.value ?? "");
  }

  /** Write a value as if it had been typed. */
  set(name, value) {
    const control = this.control(name);
    if (!control) return;
    if (control.type === "checkbox") control.checked = Boolean(value);
    else if (control.type === "radio") control.closest("[data-field]").querySelector(`[value="${CSS.escape(value)}"]`)?.click();
    else control.value = value ?? "";
  }

  onInput(event) {
    const { target } = event;
    if (target === this.presets) this.applyPreset();
    else if (target.dataset.rangeFor) this.querySelector(`#${target.dataset.rangeFor}`).value = target.value;
    else if (this.presets && target.name) this.presets.value = "";
    const fields = target === this.presets ? this.querySelectorAll("[data-field]") : [target.closest("[data-field]")];
    for (const field of fields) if (field) showError(field, "");
    this.refresh();
    this.crop?.onInput(target);
  }

  refresh() {
    for (const range of this.querySelectorAll("[data-range-for]")) showOnSlider(range, this);
    for (const field of this.querySelectorAll("[data-show-when]")) this.showWhenAsked(field);
    if (this.dataset.editor === "sides") showSides(this, this.bench?.picture);
  }

  showWhenAsked(field) {
    const conditions = Object.entries(JSON.parse(field.dataset.showWhen));
    field.hidden = !conditions.every(([name, allowed]) => allowed.map(String).includes(this.value(name)));
  }

  /** A preset fills what it names and empties the other numbers that may be empty: none of them may overrule it. */
  applyPreset() {
    const option = this.presets.selectedOptions[0];
    if (!option.dataset.values) return;
    const values = JSON.parse(option.dataset.values);
    for (const control of this.controls) {
      if (control.dataset.mayBeEmpty !== undefined && !(settingOf(control) in values)) control.value = "";
    }
    for (const [name, value] of Object.entries(values)) this.set(name, value);
  }

  /** `picture` is the first of `count`. */
  usePicture(picture, count = 1) {
    this.refresh();
    this.crop?.usePicture(picture);
    if (count > 1) this.crop?.useShares();
  }

  /** The first control that cannot be right, its field marked; null when all may be sent. */
  check() {
    let first = null;
    for (const control of this.controls) {
      const field = control.closest("[data-field]");
      if (field.hidden || control.validity.valid) continue;
      showError(field, messageFor(control));
      first ??= control;
    }
    return first;
  }

  remember() {
    remember(this.tool, this);
  }

  reset() {
    forgetSettings(this.tool);
    for (const control of this.controls) {
      if (control.tagName === "SELECT") {
        const initial = [...control.options].findIndex((option) => option.defaultSelected);
        control.selectedIndex = Math.max(0, initial);
      } else if (["checkbox", "radio"].includes(control.type)) control.checked = control.defaultChecked;
      else control.value = control.defaultValue;
    }
    if (this.presets) this.presets.value = "";
    for (const field of this.querySelectorAll("[data-field]")) showError(field, "");
    this.refresh();
    this.crop?.usePicture(this.bench?.picture);
  }

  focusFirst() {
    const first = [...this.querySelectorAll("input, select, textarea")].find((control) => control.offsetParent);
    first?.focus();
  }
}

/** In a pipeline, names of controls begin with that of their step. */
function settingOf(control) {
  return control.closest("[data-field]").dataset.field;
}

function showOnSlider(range, settings) {
  const number = settings.querySelector(`#${range.dataset.rangeFor}`);
  range.toggleAttribute("data-empty", number.value === "");
  if (number.value !== "") range.value = number.value;
  const filled = ((range.value - range.min) / (range.max - range.min)) * 100;
  range.style.setProperty("--filled", `${filled}%`);
}

function showError(field, message) {
  const place = field.querySelector(".field-error");
  place.querySelector("[data-error]").textContent = message;
  place.hidden = !message;
  field.classList.toggle("field-invalid", Boolean(message));
  for (const control of field.querySelectorAll("[name]")) {
    if (message) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== place.id);
    const ids = message ? [...others, place.id] : others;
    if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
    else control.removeAttribute("aria-describedby");
  }
}

function messageFor(control) {
  const { validity } = control;
  if (validity.valueMissing) return "This is needed.";
  if (validity.badInput) return "Enter a number.";
  if (validity.rangeUnderflow) return `Must be at least ${control.min}.`;
  if (validity.rangeOverflow) return `Must be at most ${control.max}.`;
  if (validity.stepMismatch) return "Must be a whole number.";
  return control.validationMessage;
}

customElements.define("tool-settings", ToolSettings);
