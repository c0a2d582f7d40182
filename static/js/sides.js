/** Width and height that follow each other: the empty one shows what it will become for the picture at hand. */

export function showSides(settings, picture) {
  const width = settings.control("width");
  const height = settings.control("height");
  if (!picture?.width) return;
  const scale = Number(settings.value("percentage")) / 100 || 1;
  const sides = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  width.placeholder = follow(height.value, picture.width / picture.height, sides[0]);
  height.placeholder = follow(width.value, picture.height / picture.width, sides[1]);
}

function follow(other, ratio, otherwise) {
  return String(Number(other) > 0 ? Math.max(1, Math.round(other * ratio)) : otherwise);
}
