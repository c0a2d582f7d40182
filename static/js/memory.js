/** The settings of each tool as they were last used, in this browser only. Never a file name. */

const PREFIX = "snapotter:settings:";
const OF_ONE_PICTURE = ["left", "top", "width", "height"];

function isKept(settings, name) {
  return !(settings.isDrawnOnPicture && OF_ONE_PICTURE.includes(name));
}

export function remember(tool, settings) {
  const names = new Set(settings.controls.map((control) => control.name));
  const kept = [...names].filter((name) => isKept(settings, name));
  const values = Object.fromEntries(kept.map((name) => [name, settings.value(name)]));
  try {
    localStorage.setItem(PREFIX + tool, JSON.stringify(values));
  } catch {
    // no storage, no memory
  }
}

export function recall(tool, settings) {
  let values;
  try {
    values = JSON.parse(localStorage.getItem(PREFIX + tool) ?? "{}");
  } catch {
    return;
  }
  for (const [name, value] of Object.entries(values)) {
    const control = settings.control(name);
    if (control) settings.set(name, control.type === "checkbox" ? value === "true" : value);
  }
}

export function forgetSettings(tool) {
  try {
    localStorage.removeItem(PREFIX + tool);
  } catch {
    // nothing was kept
  }
}
