/** The page of a tool: take a picture (drop, paste, choose), send it with the settings, show what came out. */

import "./compare.js";
import "./job-progress.js";
import "./settings.js";
import { extensionOf, forget, formatBytes, looksLikePicture, readPicture, whyNotShown } from "./picture.js";
import { Upload } from "./upload.js";

class ToolWorkbench extends HTMLElement {
  connectedCallback() {
    this.picture = null;
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[type=file]");
    this.result = this.querySelector("#result");
    this.upload = new Upload(this);
    this.controller = new AbortController();
    this.listen();
    // A reload may bring the chosen file back.
    if (this.input.files.length) this.take(this.input.files);
    else if (this.dataset.sourceUrl) this.fetchSource();
  }

  disconnectedCallback() {
    this.controller.abort();
    forget(this.picture);
  }

  get settings() {
    return this.querySelector("tool-settings");
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
    const on = (target, type, handle) => target.addEventListener(type, handle, options);
    on(this.input, "change", () => this.input.files.length && this.take(this.input.files));
    on(document, "dragenter", (event) => this.onDrag(event));
    on(document, "dragover", (event) => this.onDrag(event));
    on(document, "dragleave", (event) => event.relatedTarget === null && this.showDragging(false));
    on(document, "drop", (event) => this.onDrop(event));
    on(document, "paste", (event) => this.onPaste(event));
    on(document, "keydown", (event) => this.onKey(event));
    on(window, "beforeunload", (event) => this.upload.isSending && event.preventDefault());
    on(this, "click", (event) => this.onAction(event));
    // Before htmx hears of it: what is missing need not be sent first.
    this.addEventListener("submit", (event) => this.onSubmit(event), { ...options, capture: true });
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = this.isBusy ? "none" : "copy";
    this.showDragging(!this.isBusy);
  }

  showDragging(dragging) {
    this.toggleAttribute("data-dragging", dragging);
  }

  onDrop(event) {
    this.showDragging(false);
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.give(event.dataTransfer.files);
  }

  onPaste(event) {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.give(event.clipboardData.files);
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
    act();
  }

  actions = {
    replace: () => this.input.click(),
    another: () => {
      this.clear();
      this.input.click();
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

  /** Put files that were dropped or pasted into the form, as if they had been chosen. */
  give(files) {
    if (this.isBusy) return;
    const pictures = [...files].filter(looksLikePicture);
    if (!pictures.length) {
      this.showAlert(`${files[0].name} is not a picture.`);
      return;
    }
    const transfer = new DataTransfer();
    transfer.items.add(pictures[0]);
    this.input.files = transfer.files;
    this.take(files, pictures[0]);
  }

  /** The file of an earlier run, as if it had been dropped here. */
  async fetchSource() {
    const { sourceUrl, sourceName } = this.dataset;
    try {
      const answer = await fetch(sourceUrl);
      if (!answer.ok) throw new Error(answer.statusText);
      const content = await answer.blob();
      if (this.state === "empty") this.give([new File([content], sourceName, { type: content.type })]);
    } catch {
      this.showAlert(`${sourceName} cannot be loaded. Choose a picture.`);
    }
  }

  async take(files, file = files[0]) {
    this.result.replaceChildren();
    const limit = Number(this.dataset.maxBytes);
    if (limit && file.size > limit) {
      this.clear();
      this.showAlert(`${file.name} has ${formatBytes(file.size)}; the limit here is ${formatBytes(limit)}.`);
      return;
    }
    const picture = await readPicture(file);
    if (this.input.files[0] !== file) return forget(picture);
    forget(this.picture);
    this.picture = picture;
    this.showPicture();
    if (files.length > 1) this.explainOnlyOne(file, files.length - 1);
    this.querySelector(".button-run").focus({ preventScroll: true });
  }

  showPicture() {
    const { file, url, width, height } = this.picture;
    const image = this.querySelector("[data-picture]");
    image.hidden = !width;
    this.querySelector("[data-file-card]").hidden = Boolean(width);
    if (width) image.src = url;
    else image.removeAttribute("src");
    this.querySelector("[data-file-type]").textContent = extensionOf(file);
    this.querySelector("[data-file-card-note]").textContent = whyNotShown(file);
    const name = this.querySelector("[data-file-name]");
    name.textContent = name.title = file.name;
    const facts = [width && `${width} × ${height} px`, formatBytes(file.size)].filter(Boolean).join(" · ");
    this.querySelector("[data-file-facts]").textContent = facts;
    this.state = "picked";
    this.settings.usePicture(this.picture);
    this.announce(`${file.name}, ${facts}, is ready.`);
  }

  explainOnlyOne(file, others) {
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.textContent =
      `One picture at a time, for now: this is ${file.name}, ` +
      `and the other ${others === 1 ? "one was" : `${others} were`} left where ${others === 1 ? "it is" : "they are"}.`;
    this.result.replaceChildren(notice);
    this.announce(notice.textContent);
  }

  clear() {
    forget(this.picture);
    this.picture = null;
    this.input.value = "";
    this.result.replaceChildren();
    this.state = "empty";
    this.settings.usePicture(null);
  }

  onSubmit(event) {
    const refuse = () => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    if (this.isBusy) return refuse();
    if (!this.input.files.length) {
      refuse();
      this.showAlert("Choose a picture first.");
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

  /** What the server sent is in place: show it, and take the keyboard and the screen reader there. */
  showOutcome() {
    const outcome = this.querySelector("#outcome");
    if (outcome?.dataset.state === "done") return this.showResult();
    if (outcome?.dataset.state === "running") {
      if (this.state !== "waiting") this.announce("This takes a little longer.");
      this.state = "waiting";
      return undefined;
    }
    this.state = "picked";
    const fault = this.querySelector("tool-settings .field-invalid :is(input, select, textarea)");
    return (fault ?? this.querySelector("[data-problem], tool-settings .alert"))?.focus();
  }

  async showResult() {
    this.state = "done";
    this.querySelector("[data-run-label]").textContent = "Run again";
    const title = this.querySelector("#result-title");
    title.focus({ preventScroll: true });
    this.announce(`Done. ${title.textContent.trim()}. The result can be downloaded.`);
    // Only a loaded picture has its height.
    await this.querySelector("[data-after]")?.decode().catch(() => {});
    this.result.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  showAlert(message) {
    const alert = this.querySelector("template[data-alert]").content.cloneNode(true);
    alert.querySelector("p").textContent = message;
    this.result.replaceChildren(alert);
    this.result.scrollIntoView({ block: "nearest" });
  }

  announce(message) {
    this.querySelector("[data-announce]").textContent = message;
  }
}

customElements.define("tool-workbench", ToolWorkbench);
