// Drawings as they arrive, and the page's own made equal to them.

// Without a Blob or a Response in between it is done before the browser turns to anything else.
async function unpacked(base64) {
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  writer.write(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
  writer.close();
  const [reader, decoder] = [stream.readable.getReader(), new TextDecoder()];
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
}

// Makes `current` equal to `wanted`, keeping every node that has a counterpart: by id, or by place where there is none.
// A `motion` takes what it can move there in its own time, and is told what is new.
function patch(current, wanted, motion) {
  for (const { name } of [...current.attributes]) if (!wanted.hasAttribute(name)) current.removeAttribute(name);
  for (const { name, value } of wanted.attributes)
    if (current.getAttribute(name) !== value && !motion?.takes(current, name, value)) current.setAttribute(name, value);
  const known = new Map([...current.children].filter((e) => e.id).map((e) => [e.id, e]));
  let place = current.firstChild;
  for (const child of wanted.childNodes) {
    const found = child.id ? known.get(child.id) : place && !place.id && place.nodeName === child.nodeName ? place : undefined;
    if (!found || found.nodeName !== child.nodeName) {
      const added = current.insertBefore(document.importNode(child, true), place);
      if (added.nodeType === Node.ELEMENT_NODE) motion?.add(added);
      continue;
    }
    if (found === place) place = place.nextSibling;
    else current.insertBefore(found, place);
    if (child.nodeType === Node.TEXT_NODE) found.data !== child.data && (found.data = child.data);
    else patch(found, child, motion);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
