/** Rectangles [left, top, width, height] inside a picture of `size` [width, height]. Nothing here touches the page. */

const SMALLEST = 1;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export function whole(size) {
  return [0, 0, size[0], size[1]];
}

export function moved([left, top, width, height], [x, y], size) {
  return [clamp(left + x, 0, size[0] - width), clamp(top + y, 0, size[1] - height), width, height];
}

/** The largest rectangle of `ratio` (width / height, null for any) inside the picture, around the same middle. */
export function shaped(rectangle, ratio, size) {
  if (!ratio) return rectangle;
  const middle = [rectangle[0] + rectangle[2] / 2, rectangle[1] + rectangle[3] / 2];
  const width = Math.min(size[0], size[1] * ratio);
  const height = width / ratio;
  return moved([middle[0] - width / 2, middle[1] - height / 2, width, height], [0, 0], size);
}

/** Pull one edge or corner, named by compass, by [x, y]; a held ratio takes the other side along. */
export function resized(rectangle, edge, by, size, ratio) {
  const [left, top, width, height] = rectangle;
  let [west, north, east, south] = [left, top, left + width, top + height];
  if (edge.includes("w")) west = clamp(west + by[0], 0, east - SMALLEST);
  if (edge.includes("e")) east = clamp(east + by[0], west + SMALLEST, size[0]);
  if (edge.includes("n")) north = clamp(north + by[1], 0, south - SMALLEST);
  if (edge.includes("s")) south = clamp(south + by[1], north + SMALLEST, size[1]);
  const free = [west, north, east - west, south - north];
  return ratio ? held(free, edge, size, ratio) : free;
}

/** `free` with its ratio restored; the side opposite to the one that is pulled stays where it is. */
function held([left, top, width, height], edge, size, ratio) {
  const right = left + width;
  const bottom = top + height;
  const room = [edge.includes("w") ? right : size[0] - left, edge.includes("n") ? bottom : size[1] - top];
  const wanted = edge === "n" || edge === "s" ? height * ratio : width;
  const newWidth = clamp(wanted, SMALLEST, Math.min(room[0], room[1] * ratio));
  const newHeight = newWidth / ratio;
  return [
    edge.includes("w") ? right - newWidth : left,
    edge.includes("n") ? bottom - newHeight : top,
    newWidth,
    newHeight,
  ];
}
