// Paints feature maps into their canvases: the theme's ground stands for a map's lowest value, its source's colour for
// the highest. Canvas colours are `color` and `background-color` of the element, so a theme switch paints anew.

const GAP = 2; // pixels between two maps, as large as a map's own

function paintMaps(root, maps) {
  for (const canvas of root.querySelectorAll("canvas[data-maps]")) {
    const found = maps?.[canvas.dataset.maps];
    if (found) paintStrip(canvas, found);
  }
}

function paintStrip(canvas, { width, height, columns, pixels }) {
  const narrow = matchMedia("(max-width: 760px)").matches; // on a phone maps stay large enough to be seen
  const across = Math.min(narrow ? columns / 2 : columns, pixels.length);
  canvas.style.setProperty("--n", across);
  const down = Math.ceil(pixels.length / across);
  canvas.width = across * (width + GAP) - GAP;
  canvas.height = down * (height + GAP) - GAP;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const [low, high] = [channels(style.backgroundColor), channels(style.color)];
  for (const [place, text] of pixels.entries()) {
    const image = context.createImageData(width, height);
    const bytes = atob(text);
    for (let i = 0; i < bytes.length; i++) {
      const share = bytes.charCodeAt(i) / 255;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = low[c] + (high[c] - low[c]) * share;
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, (place % across) * (width + GAP), Math.floor(place / across) * (height + GAP));
  }
}

function channels(computed) {
  const numbers = computed.match(/[\d.]+(?:e-?\d+)?/g).slice(0, 3).map(Number);
  return computed.startsWith("color(") ? numbers.map((v) => v * 255) : numbers;
}
