/** A file the user chose, and what can be known of it before it is sent. */

const PICTURE_NAME = /\.(jpe?g|jfif|png|apng|gif|webp|avif|hei[cf]|tiff?|bmp|ico|svg|jxl|jp2|qoi|psd|tga|exr|hdr|dng|cr2|nef|arw|orf|rw2)$/i;

export function looksLikePicture(file) {
  return file.type.startsWith("image/") || PICTURE_NAME.test(file.name);
}

/** The same words as Django's `filesizeformat`, so that the page never shows two sizes for one file. */
export function formatBytes(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const units = ["KB", "MB", "GB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

const SHOWN_NAME = /\.(jpe?g|jfif|png|apng|gif|webp|avif|bmp|ico|svg)$/i;

/** Why there is nothing to see. */
export function whyNotShown(file) {
  if (SHOWN_NAME.test(file.name)) return "This picture cannot be shown here. It may be damaged.";
  return "A browser cannot show this format. The tool can read it.";
}

export function extensionOf(file) {
  const dot = file.name.lastIndexOf(".");
  return dot > 0 ? file.name.slice(dot + 1, dot + 6).toUpperCase() : "Picture";
}

/**
 * {file, url, width, height}: `url` is a blob address, `width` and `height` the size as displayed.
 * Without a size the browser cannot show this format.
 */
export async function readPicture(file) {
  const picture = { file, url: URL.createObjectURL(file), width: 0, height: 0 };
  const image = new Image();
  image.src = picture.url;
  try {
    await image.decode();
    picture.width = image.naturalWidth;
    picture.height = image.naturalHeight;
  } catch {
    // stays without a size: a format for the server's eyes only
  }
  return picture;
}

export function forget(picture) {
  if (picture) URL.revokeObjectURL(picture.url);
}
