/** The page of a tool: take pictures, send them with the settings, show what came out. */

import "./compare.js";
import "./job-progress.js";
import "./settings.js";
import { Intake } from "./intake.js";
import { Outcome } from "./outcome.js";
import { Preview } from "./preview.js";
import { Upload } from "./upload.js";

class ToolWorkbench extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[type=file]");
    this.title = this.querySelector("[data-run-label]").textContent;
    this.preview = new Preview(this);
    this.outcome = new Outcome(this);
    this.upload = new Upload(this);
    this.controller = new AbortController();
    this.listen();
  }

  disconnectedCallback() {
    this.controller.abort();
    this.preview.clear();
  }

  get settings() {
    return this.querySelector("tool-settings");
  }

  get picture() {
    return this.preview.picture;
  }

  get state() {
    return this.form.dataset.state;
  }

  set state(state) {
    this.form.dataset.state = state;
    this.querySelector("[data-preview]").hidden = state === "empty";
    this.querySelector("[data-working]").hidden = state !== "running";
    const button = this.querySelector(".button-run");
    button.setAttribute("aria-disabled", String(state === "running" || state === "waiting"));
  }

  get isBusy() {
    return this.state === "running" || this.state === "waiting";
  }

  listen() {
    const options = { signal: this.controller.signal };
    const on = (target, type, handle, more = {}) => target.addEventListener(type, handle, { ...options, ...more });
    this.intake = new Intake(this, on);
    // Not before: a browser that goes back brings the chosen files only then.
    on(window, "pageshow", () => this.state === "empty" && this.intake.begin());
    on(document, "keydown", (event) => this.onKey(event));
    on(window, "beforeunload", (event) => this.upload.isSending && event.preventDefault());
    on(this, "click", (event) => this.onAction(event));
    // Before htmx hears of it: what is missing need not be sent first.
    on(this, "submit", (event) => this.onSubmit(event), { capture: true });
  }

  onKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  onAction(event) {
    const control = event.target.closest("[data-action]");
    const act = control && this.actions[control.dataset.action];
    if (!act) return;
    event.preventDefault();
    // What is on its way stays as it was sent.
    if (!this.isBusy || control.dataset.action === "abort") act(control);
  }

  actions = {
    add: () => this.intake.chooseMore(),
    "remove-file": ({ dataset }) => this.removeFile(Number(dataset.index)),
    replace: () => this.intake.choose(),
    another: () => {
      this.clear();
      this.intake.choose();
    },
    remove: () => {
      this.clear();
      this.input.focus();
    },
    abort: () => this.upload.abort(),
    reset: () => this.settings.reset(),
    adjust: () => {
      if (this.settings.isDrawnOnPicture) this.state = "picked";
      this.settings.focusFirst();
    },
  };

  /** The files of the form, and what was left out. */
  async showFiles(leftOut) {
    this.outcome.clear();
    const { files } = this.input;
    if (!(await this.preview.show(files, leftOut))) return;
    this.form.toggleAttribute("data-many", files.length > 1);
    this.label(files.length > 1 ? `${this.title} ${files.length} pictures` : this.title);
    this.state = "picked";
    this.settings.usePicture(this.picture, files.length);
    this.announce(`${this.preview.told}, ${files.length > 1 ? "are" : "is"} ready. ${leftOut}`);
    this.querySelector(".button-run").focus({ preventScroll: true });
  }

  clear() {
    this.input.value = "";
    this.preview.clear();
    this.label(this.title);
    this.form.removeAttribute("data-many");
    this.outcome.clear();
    this.state = "empty";
    this.settings.usePicture(null);
  }

  async removeFile(index) {
    await this.intake.take([...this.input.files].filter((_, place) => place !== index));
    this.preview.list.focus(index);
  }

  onSubmit(event) {
    const refuse = () => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    if (this.isBusy) return refuse();
    if (!this.input.files.length) {
      refuse();
      this.outcome.showAlert("Choose a picture first.");
      this.input.focus();
      return undefined;
    }
    const invalid = this.settings.check();
    if (invalid) {
      refuse();
      invalid.focus();
      return undefined;
    }
    return this.settings.remember();
  }

  label(text) {
    this.querySelector("[data-run-label]").textContent = text;
  }

  announce(message) {
    this.querySelector("[data-announce]").textContent = message;
  }
}

customElements.define("tool-workbench", ToolWorkbench);
