/** Several files of a tool's page: a list of them before they are sent, and what was left out of it. */

import { formatBytes, looksLikePicture } from "./picture.js";

const MOST_NAMED = 3;

/** Which of `files` can be sent, and why the others are not, in words. */
export function sorted(files, { maxFiles, maxBytes, maxTotalBytes }) {
  const taken = [];
  const left = [];
  let total = 0;
  for (const file of files) {
    const reason = whyLeft(file, maxBytes) ?? whyTooMuch(taken.length, total + file.size, maxFiles, maxTotalBytes);
    if (reason) left.push({ file, reason });
    else {
      taken.push(file);
      total += file.size;
    }
  }
  return { taken, left };
}

/** Without those that were chosen twice. */
export function unlike(files) {
  const known = new Map();
  for (const file of files) {
    const identity = [file.size, file.lastModified, file.name].join();
    if (!known.has(identity)) known.set(identity, file);
  }
  return [...known.values()];
}

function whyLeft(file, maxBytes) {
  if (!looksLikePicture(file)) return "is not a picture";
  if (!file.size) return "is empty";
  if (maxBytes && file.size > maxBytes) {
    return `has ${formatBytes(file.size)}; the limit here is ${formatBytes(maxBytes)}`;
  }
  return undefined;
}

function whyTooMuch(count, total, maxFiles, maxTotalBytes) {
  if (maxFiles && count >= maxFiles) return `is one too many: ${maxFiles} at a time`;
  if (maxTotalBytes && count && total > maxTotalBytes) return `is too much: ${formatBytes(maxTotalBytes)} at a time`;
  return undefined;
}

export function inWords(left) {
  const named = left.slice(0, MOST_NAMED).map(({ file, reason }) => `${file.name} ${reason}`);
  const others = left.length - named.length;
  return `Left out: ${named.join("; ")}${others ? `; and ${others} more` : ""}.`;
}

/** What a file input holds when these files are chosen. */
export function asFileList(files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  return transfer.files;
}

export function totalBytes(files) {
  return [...files].reduce((total, file) => total + file.size, 0);
}

/** The list itself, in the element `[data-files]`; its template is a row. */
export class FileList {
  constructor(bench) {
    this.element = bench.querySelector("[data-files]");
    this.rows = this.element.querySelector("ol");
    this.template = this.element.querySelector("template");
  }

  show(files) {
    this.element.hidden = files.length < 2;
    this.rows.replaceChildren(...(files.length < 2 ? [] : [...files].map((file, index) => this.row(file, index))));
  }

  row(file, index) {
    const row = this.template.content.cloneNode(true);
    const name = row.querySelector("[data-name]");
    name.textContent = name.title = file.name;
    row.querySelector("[data-size]").textContent = formatBytes(file.size);
    const remove = row.querySelector("button");
    remove.dataset.index = index;
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    return row;
  }

  /** After a row was removed, the keyboard goes to the next. */
  focus(index) {
    const buttons = this.rows.querySelectorAll("button");
    buttons[Math.min(index, buttons.length - 1)]?.focus();
  }
}
