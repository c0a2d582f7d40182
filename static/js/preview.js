/** What was chosen: the first picture, how many there are, and a list of them. */

import { FileList, totalBytes } from "./files.js";
import { extensionOf, forget, formatBytes, readPicture, whyNotShown } from "./picture.js";

export class Preview {
  constructor(bench) {
    this.bench = bench;
    this.list = new FileList(bench);
    this.picture = null;
  }

  find(selector) {
    return this.bench.querySelector(selector);
  }

  /** Show `files`, and why others were left out. False when others were chosen before the first could be read. */
  async show(files, leftOut) {
    const [first, { length }] = [files[0], files];
    const picture = await readPicture(first);
    if (this.bench.input.files[0] !== first || this.bench.input.files.length !== length) {
      forget(picture);
      return false;
    }
    forget(this.picture);
    this.picture = picture;
    this.showPicture();
    this.showFacts(files);
    this.list.show(files);
    const notice = this.find("[data-left-out]");
    notice.textContent = leftOut;
    notice.hidden = !leftOut;
    return true;
  }

  showPicture() {
    const { file, url, width } = this.picture;
    const image = this.find("[data-picture]");
    image.hidden = !width;
    this.find("[data-file-card]").hidden = Boolean(width);
    if (width) image.src = url;
    else image.removeAttribute("src");
    this.find("[data-file-type]").textContent = extensionOf(file);
    this.find("[data-file-card-note]").textContent = whyNotShown(file);
  }

  showFacts(files) {
    const { file, width, height } = this.picture;
    const name = this.find("[data-file-name]");
    name.textContent = name.title = files.length > 1 ? `${files.length} pictures` : file.name;
    const size = width && files.length === 1 && `${width} × ${height} px`;
    this.find("[data-file-facts]").textContent = [size, formatBytes(totalBytes(files))].filter(Boolean).join(" · ");
  }

  /** What is chosen, in words. */
  get told() {
    return `${this.find("[data-file-name]").title}, ${this.find("[data-file-facts]").textContent}`;
  }

  clear() {
    forget(this.picture);
    this.picture = null;
    this.list.show([]);
  }
}
