// A picture in its frame: which of the drawings that Python has made is shown, and how large. Its scripts follow this one.

const LEAST = 0.96; // a drawing may shrink this far: its smallest text, 13 px, then stays at 12.5
const MOST = 1.08;
const UPRIGHT = 616; // px: below, the layers run downwards
const SLIDE = { duration: 260, stagger: 0 }; // a slider's step is a short motion

class Framed {
  static WALKED = "[role=button]:not([data-action])";

  constructor(root) {
    this.root = root;
    this.drawing = root.querySelector(".drawing");
    this.camera = new Camera(this.drawing, root.querySelector(".zoom"));
    // The width is kept, and not asked for with every drawing: the browser would lay out the whole page to answer.
    this.resize = new ResizeObserver(() => {
      this.room = root.clientWidth;
      this.fit();
    });
    this.resize.observe(root);
    this.sight = new IntersectionObserver((entries) => (this.unseen = !entries.at(-1).isIntersecting));
    this.sight.observe(root);
  }

  // Nothing moves where nobody looks; and some people are made dizzy.
  get still() {
    return document.hidden || this.unseen || matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  // What buttons, fields and dialogs say, which changes only with the language.
  label(words) {
    if (words.whole === this.words?.whole) return;
    this.words = words;
    for (const element of this.root.querySelectorAll("[data-word]")) element.textContent = words[element.dataset.word];
    for (const element of this.root.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", words[element.dataset.label]);
      if (element.tagName === "BUTTON") element.title = words[element.dataset.label];
    }
  }

  // The widest drawing that fits, in its own size or a little more or less; else it scrolls in its frame.
  fit() {
    const room = (this.room ||= this.root.clientWidth);
    if (!room || !this.data) return;
    const flat = this.data.pictures.filter((p) => p.orientation === "horizontal");
    const fitting = flat.filter((p) => p.width * LEAST <= room)[0] ?? flat.at(-1);
    const upright = this.data.pictures.find((p) => p.orientation === "vertical");
    const chosen = this.sent(room < UPRIGHT ? upright : fitting);
    if (chosen.svg !== this.shown?.svg) return this.paint(chosen);
    const svg = this.drawing.firstElementChild;
    if (!svg) return;
    const [width, height] = this.camera.whole.slice(2);
    const wide = width * LEAST > room;
    const scale = wide ? 1 : Math.min(MOST, room / width);
    this.drawing.classList.toggle("wide", wide);
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  }

  // Drawings are sent as they are needed. One that was not is asked for, and until it comes another does.
  sent(wanted) {
    if (wanted.svg) return wanted;
    if (this.asked !== wanted.room) this.ask((this.asked = wanted.room));
    const others = this.data.pictures.filter((p) => p.svg);
    return others.find((p) => p.orientation === wanted.orientation) ?? others[0];
  }

  // Makes the drawing equal to `next`; with `how`, what stands elsewhere now moves there when `moved` is called.
  become(next, how) {
    const svg = this.drawing.firstElementChild;
    this.motion?.stop();
    this.motion = svg && how ? new Motion(how) : undefined;
    if (svg) patch(svg, next, this.motion);
    else this.drawing.append(document.importNode(next, true));
  }

  moved(ended = () => {}) {
    if (this.motion) this.motion.soon(() => drawn(this.root), ended);
    else drawn(this.root);
  }

  // The one stop of the Tab key, from which arrow keys walk: `element`, else where it was, else the drawing's first.
  stopAt(element = this.stop) {
    const walked = (e) => e?.matches(Framed.WALKED) && this.drawing.contains(e);
    const next = walked(element) ? element : this.drawing.querySelector(Framed.WALKED);
    if (next !== this.stop && walked(this.stop)) this.stop.setAttribute("tabindex", -1);
    this.stop = next;
    next?.setAttribute("tabindex", 0);
  }

  end() {
    this.motion?.stop();
    this.resize.disconnect();
    this.sight.disconnect();
  }
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
