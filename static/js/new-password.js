/** Makes up passwords that somebody can read out: no signs that look alike, one of every kind that may be asked for. */

const KINDS = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "-+*/=?!"];
const SIGNS = KINDS.slice(0, 3).join("");
const LENGTH = 16;

for (const button of document.querySelectorAll("[data-generate]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.generate);
    field.value = password(Math.max(LENGTH, Number(field.minLength)));
    field.focus();
    field.select();
  });
}

function password(length) {
  const signs = [...KINDS, ...Array(length - KINDS.length).fill(SIGNS)].map(oneOf);
  for (let last = signs.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [signs[last], signs[other]] = [signs[other], signs[last]];
  }
  return signs.join("");
}

const oneOf = (text) => text[below(text.length)];

/** Every number below `limit` is as likely: what would favour some is thrown away. */
function below(limit) {
  const top = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const [number] = crypto.getRandomValues(new Uint32Array(1));
    if (number < top) return number % limit;
  }
}
