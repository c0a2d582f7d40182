/**
 * A form that the server draws anew with each answer. What is clicked while one is on its way is done after it,
 * in order, and what is typed meanwhile is put into the new controls.
 */

const SAME_PLACE = 10; // pixels that a hand moves while it clicks

export class RedrawnForm {
  constructor(form, on) {
    this.form = form;
    this.isBusy = false;
    this.waiting = [];
    this.pressed = null;
    const ours = (handle) => (event) => event.target === form && handle();
    // Not at the form itself: htmx would hear of it first.
    on(form.parentElement, "submit", (event) => this.onSubmit(event), { capture: true });
    on(form, "htmx:beforeRequest", ours(() => this.begin()));
    on(form, "htmx:beforeOnLoad", ours(() => (this.typed = valuesOf(form))));
    on(form, "htmx:afterRequest", ours(() => this.end()));
    on(form, "pointerdown", (event) => this.onPress(event));
    on(document, "pointerup", (event) => this.onRelease(event));
    on(document, "pointercancel", () => (this.pressed = null));
  }

  onSubmit(event) {
    if (!this.isBusy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.waiting.push(event.submitter.value);
  }

  begin() {
    this.isBusy = true;
    this.sent = this.typed = valuesOf(this.form);
  }

  end() {
    this.isBusy = false;
    const changed = [...this.typed].filter(([name, value]) => this.sent.get(name) !== value);
    // The keyboard is where somebody types, not where the answer would take it.
    if (changed.length) this.form.querySelector("[autofocus]")?.removeAttribute("autofocus");
    for (const [name, value] of changed) retype(this.form, name, value);
    if (this.waiting.length) this.press(this.waiting.shift());
  }

  press(action) {
    this.form.querySelector(`button[name=do][value="${CSS.escape(action)}"]`)?.click();
  }

  onPress({ target, button, clientX: x, clientY: y }) {
    const pressed = button === 0 && target.closest("button[name=do]");
    this.pressed = pressed ? { button: pressed, x, y } : null;
  }

  /** A button that was drawn anew or moved while it was pressed hears of no click. */
  onRelease({ target, clientX, clientY }) {
    const { button, x, y } = this.pressed ?? {};
    this.pressed = null;
    if (!button || button.contains(target) || Math.hypot(clientX - x, clientY - y) > SAME_PLACE) return;
    this.press(button.value);
  }
}

/** What can be typed or chosen, by name. */
function valuesOf(form) {
  const controls = [...form.elements].filter(({ name, type }) => name && !["hidden", "submit"].includes(type));
  const chosen = controls.filter((control) => control.type !== "radio" || control.checked);
  return new Map(chosen.map((control) => [control.name, control.type === "checkbox" ? control.checked : control.value]));
}

function retype(form, name, value) {
  const control = form.elements.namedItem(name); // all of them together, of radios
  if (!control) return;
  if (control.type === "checkbox") control.checked = value;
  else control.value = value;
  const first = control instanceof RadioNodeList ? control[0] : control;
  for (const type of ["input", "change"]) first.dispatchEvent(new Event(type, { bubbles: true }));
}
