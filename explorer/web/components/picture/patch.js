// Drawings as they arrive, and the page's own made equal to them.

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

// Makes `current` equal to `wanted`, keeping every node that has a counterpart: by id, or by place where there is none.
function patch(current, wanted) {
  for (const { name } of [...current.attributes]) if (!wanted.hasAttribute(name)) current.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  const known = new Map([...current.children].filter((e) => e.id).map((e) => [e.id, e]));
  let place = current.firstChild;
  for (const child of wanted.childNodes) {
    const found = child.id ? known.get(child.id) : place && !place.id && place.nodeName === child.nodeName ? place : undefined;
    if (!found || found.nodeName !== child.nodeName) {
      current.insertBefore(document.importNode(child, true), place);
      continue;
    }
    if (found === place) place = place.nextSibling;
    else current.insertBefore(found, place);
    if (child.nodeType === Node.TEXT_NODE) found.data !== child.data && (found.data = child.data);
    else patch(found, child);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
