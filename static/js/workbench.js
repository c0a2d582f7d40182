/** The page of a tool: take pictures (drop, paste, choose), send them with the settings, show what came out. */

import "./compare.js";
import "./job-progress.js";
import "./settings.js";
import { FileList, asFileList, inWords, sorted, totalBytes } from "./files.js";
import { extensionOf, forget, formatBytes, readPicture, whyNotShown } from "./picture.js";
import { Upload } from "./upload.js";

class ToolWorkbench extends HTMLElement {
  connectedCallback() {
    this.picture = null;
    this.added = [];
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[type=file]");
    this.result = this.querySelector("#result");
    this.list = new FileList(this);
    this.title = this.querySelector("[data-run-label]").textContent;
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
    on(this.input, "change", () => this.onChange());
    on(this.input, "cancel", () => (this.added = []));
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

  /** A file input forgets what it held when files are chosen: what they are to be added to is kept here. */
  onChange() {
    const files = [...this.added, ...this.input.files];
    this.added = [];
    if (files.length) this.take(files);
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
    act(control);
  }

  actions = {
    add: () => {
      this.added = [...this.input.files];
      this.input.click();
    },
    "remove-file": ({ dataset }) => this.removeFile(Number(dataset.index)),
    retry: () => this.retry(),
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
    if (!this.isBusy) this.take([...files]);
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

  async take(files) {
    this.result.replaceChildren();
    const { taken, left } = sorted(files, this.limits);
    if (!taken.length) {
      this.clear();
      this.showAlert(`${left[0].file.name} ${left[0].reason}.`);
      return;
    }
    this.input.files = asFileList(taken);
    const picture = await readPicture(taken[0]);
    if (this.input.files[0] !== taken[0] || this.input.files.length !== taken.length) return forget(picture);
    forget(this.picture);
    this.picture = picture;
    this.showPicture();
    this.list.show(taken);
    if (left.length) this.showNotice(inWords(left));
    this.querySelector(".button-run").focus({ preventScroll: true });
  }

  get limits() {
    const { maxFiles, maxBytes, maxTotalBytes } = this.dataset;
    return { maxFiles: Number(maxFiles), maxBytes: Number(maxBytes), maxTotalBytes: Number(maxTotalBytes) };
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
    const { files } = this.input;
    const name = this.querySelector("[data-file-name]");
    name.textContent = name.title = files.length > 1 ? `${files.length} pictures` : file.name;
    const size = width && files.length === 1 && `${width} × ${height} px`;
    const facts = [size, formatBytes(totalBytes(files))].filter(Boolean).join(" · ");
    this.querySelector("[data-file-facts]").textContent = facts;
    this.form.toggleAttribute("data-many", files.length > 1);
    this.label(files.length > 1 ? `${this.title} ${files.length} pictures` : this.title);
    this.state = "picked";
    this.settings.usePicture(this.picture);
    this.announce(`${name.title}, ${facts}, ${files.length > 1 ? "are" : "is"} ready.`);
  }

  label(text) {
    this.querySelector("[data-run-label]").textContent = text;
  }

  showNotice(text) {
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.textContent = text;
    this.result.replaceChildren(notice);
    this.announce(text);
  }

  clear() {
    forget(this.picture);
    this.picture = null;
    this.input.value = "";
    this.list.show([]);
    this.label(this.title);
    this.form.removeAttribute("data-many");
    this.result.replaceChildren();
    this.state = "empty";
    this.settings.usePicture(null);
  }

  async removeFile(index) {
    await this.take([...this.input.files].filter((_, place) => place !== index));
    this.list.focus(index);
  }

  /** Of the pictures that were sent, those that failed once more. */
  async retry() {
    const places = this.querySelector("#outcome").dataset.failed.split(",").map(Number);
    await this.take(places.map((place) => this.input.files[place]));
    this.form.requestSubmit();
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
    this.label("Run again");
    const title = this.querySelector("#result-title");
    title.focus({ preventScroll: true });
    const retry = this.querySelector("[data-action=retry]");
    if (retry) retry.hidden = !this.input.files.length;
    const isThere = this.querySelector("#outcome [download]");
    this.announce(`Done. ${title.innerText.trim()}. ${isThere ? "The result can be downloaded." : ""}`);
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
