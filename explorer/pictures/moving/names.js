// What is pointed at or selected, {layer}, {source} or {source, layer}, and its name: "layer-4", "source-2", "2-4".

function target(text) {
  if (!text) return null;
  const [first, second] = text.split("-");
  if (first === "layer") return { layer: Number(second) };
  if (first === "source") return { source: Number(second) };
  return { source: Number(first), layer: Number(second) };
}

function name(what) {
  if (!what) return "";
  if (what.source === undefined) return `layer-${what.layer}`;
  return what.layer === undefined ? `source-${what.source}` : `${what.source}-${what.layer}`;
}

function targetOf(element) {
  const found = element.closest("[data-layer], [data-source], [data-of]");
  if (!found) return null;
  const { layer, source, of } = found.dataset;
  return layer === undefined ? { source: Number(source ?? of) } : { layer: Number(layer) };
}
