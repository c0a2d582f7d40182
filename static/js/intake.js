/** How pictures come in: chosen, dropped, pasted, or from an earlier run. */

import { asFileList, inWords, sorted, unlike } from "./files.js";

export class Intake {
  constructor(bench, on) {
    this.bench = bench;
    this.input = bench.input;
    this.added = [];
    on(this.input, "change", () => this.onChange());
    on(this.input, "cancel", () => (this.added = []));
    on(document, "dragenter", (event) => this.onDrag(event));
    on(document, "dragover", (event) => this.onDrag(event));
    on(document, "dragleave", (event) => event.relatedTarget === null && this.showDragging(false));
    on(document, "drop", (event) => this.onDrop(event));
    on(document, "paste", (event) => this.onPaste(event));
  }

  /** To reload a page, or to go back to it, may bring the chosen files back. */
  begin() {
    const { sourceUrl, sourceName } = this.bench.dataset;
    if (this.input.files.length) this.take(this.input.files);
    else if (sourceUrl) this.fetch(sourceUrl, sourceName);
  }

  choose() {
    this.input.click();
  }

  /** A file input forgets what it held when files are chosen: what they are to be added to is kept here. */
  chooseMore() {
    this.added = [...this.input.files];
    this.choose();
  }

  onChange() {
    const files = [...this.added, ...this.input.files];
    this.added = [];
    if (files.length) this.take(files);
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = this.bench.isBusy ? "none" : "copy";
    this.showDragging(!this.bench.isBusy);
  }

  showDragging(dragging) {
    this.bench.toggleAttribute("data-dragging", dragging);
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

  /** Files that were dropped or pasted are added to what is chosen, where several can be. */
  give(files) {
    const { state, isBusy } = this.bench;
    const isMore = state === "picked" && this.limits.maxFiles !== 1;
    if (!isBusy) this.take(isMore ? [...this.input.files, ...files] : [...files]);
  }

  /** The file of an earlier run, as if it had been dropped here. */
  async fetch(url, name) {
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(answer.statusText);
      const content = await answer.blob();
      if (this.bench.state === "empty") this.give([new File([content], name, { type: content.type })]);
    } catch {
      this.bench.outcome.showAlert(`${name} cannot be loaded. Choose a picture.`);
    }
  }

  async take(files) {
    const { taken, left } = sorted(unlike(files), this.limits);
    if (!taken.length) {
      this.bench.clear();
      this.bench.outcome.showAlert(`${left[0].file.name} ${left[0].reason}.`);
      return;
    }
    this.input.files = asFileList(taken);
    await this.bench.showFiles(left.length ? inWords(left) : "");
  }

  get limits() {
    const { maxFiles, maxBytes, maxTotalBytes } = this.bench.dataset;
    return { maxFiles: Number(maxFiles), maxBytes: Number(maxBytes), maxTotalBytes: Number(maxTotalBytes) };
  }
}
