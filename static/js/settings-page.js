/** The settings page: back to a default, and a search through the tools. The form works without. */

for (const setting of document.querySelectorAll("[data-setting]")) {
  const button = setting.querySelector("[data-default]");
  if (!button) continue;
  const fields = [...setting.querySelectorAll(".setting-input input:not([type=search]), .setting-input select")];
  const show = () => (button.hidden = isDefault(fields, button.dataset.default));
  button.addEventListener("click", () => {
    setDefault(fields, button.dataset.default);
    show();
    fields[0].focus();
  });
  setting.addEventListener("input", show);
  show();
}

function isDefault(fields, value) {
  if (fields[0].type !== "checkbox") return fields[0].value === value;
  return fields.every((field) => field.checked === isOn(field, value));
}

function setDefault(fields, value) {
  for (const field of fields) {
    if (field.type === "checkbox") field.checked = isOn(field, value);
    else field.value = value;
  }
}

/** A switch is on or off; a box of a list is ticked when the list has it. */
function isOn(field, value) {
  return field.getAttribute("role") === "switch" ? value === "true" : JSON.parse(value).includes(field.value);
}

for (const picker of document.querySelectorAll("[data-picker]")) {
  const search = picker.querySelector("[data-picker-search]");
  search.addEventListener("input", () => filter(picker, search.value.toLowerCase().split(/\s+/).filter(Boolean)));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it searches already, and must not save
  });
}

function filter(picker, words) {
  let found = 0;
  for (const group of picker.querySelectorAll("fieldset")) {
    const options = [...group.querySelectorAll("label")];
    for (const option of options) option.hidden = !words.every((word) => option.textContent.toLowerCase().includes(word));
    const left = options.filter((option) => !option.hidden).length;
    group.hidden = left === 0;
    found += left;
  }
  picker.querySelector("[data-picker-nothing]").hidden = found > 0;
}
