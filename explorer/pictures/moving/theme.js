// Whether the reader's theme is dark, told by the background that `element` has been given as a colour.
function dark(element) {
  const probe = element.appendChild(document.createElement("i"));
  probe.style.color = "var(--background)";
  const [red, green, blue] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return red + green + blue < 384;
}
