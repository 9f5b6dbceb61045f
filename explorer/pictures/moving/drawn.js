// For whoever waits, outside the page, for the next drawing of `element`.
function drawn(element) {
  element.dataset.drawn = String(Number(element.dataset.drawn ?? 0) + 1);
}
