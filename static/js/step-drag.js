/** A step follows the pointer among the others, and the server numbers them anew where it is let go. */

export function dragStep(event) {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button !== 0) return;
  event.preventDefault();
  const step = grip.closest("[data-step]");
  const before = step.nextElementSibling;
  const drag = new AbortController();
  const on = (target, type, handle) => target.addEventListener(type, handle, { signal: drag.signal });
  const end = (keep) => {
    drag.abort();
    step.classList.remove("step-dragged");
    if (!keep) step.parentElement.insertBefore(step, before);
    else if (step.nextElementSibling !== before) step.querySelector("[data-place]").click();
  };
  step.classList.add("step-dragged");
  // Not on the grip: it is taken out of the page whenever its step gets another place.
  on(document, "pointermove", (move) => place(step, move.clientY));
  on(document, "pointerup", () => end(true));
  on(document, "pointercancel", () => end(false));
  on(document, "keydown", (key) => key.key === "Escape" && end(false));
}

/** Before the first step whose middle lies below the pointer. */
function place(step, y) {
  const others = [...step.parentElement.children].filter((other) => other !== step);
  const next = others.find((other) => {
    const box = other.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  if (next !== step.nextElementSibling) step.parentElement.insertBefore(step, next ?? null);
}
