// Rings, cards, keys and progress of the lesson. Streamlit calls the default function again with new data.
//
// A ring that is moved is drawn at once; what it says comes to Python when it rests, so that the address has it.

const DONE = "dbe-lesson"; // what was answered, and how; it never leaves this browser but in an address
const REST = 500; // ms
const parts = new WeakMap();
document.adoptedStyleSheets.push(sheet);

export default function ({ parentElement, data, setTriggerValue }) {
  let part = parts.get(parentElement);
  if (!part || !part.root.isConnected) {
    part = new Part(parentElement.querySelector(".dbe-lesson"));
    parts.set(parentElement, part);
  }
  part.send = (values) => setTriggerValue("set", JSON.stringify(values));
  part.show(data);
  return () => {
    part.end();
    parts.delete(parentElement);
  };
}

class Part {
  constructor(root) {
    this.root = root;
    this.pressed = (event) => this.key(event);
    this.answered = () => this.mark();
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("pointerdown", (event) => this.drag(event));
    root.addEventListener("input", (event) => event.target.matches("[data-control]") && this.control(event.target));
    document.addEventListener("keydown", this.pressed);
    document.addEventListener(DONE, this.answered);
  }

  show(data) {
    const { markup, told, colours, turn } = data;
    if (turn < this.turn) return; // handed over late
    if (this.held) return void (this.late = data); // what is held stays in the page until it is let go
    this.turn = turn;
    if (markup === this.markup && told === this.text) return;
    const before = this.told;
    [this.markup, this.text, this.told] = [markup, told, JSON.parse(told)];
    const focus = this.focused();
    this.root.style.cssText = colours;
    const place = `${this.told.chapter} ${this.told.state}`;
    const mine = this.place === place && this.told.state === "ask" && this.waits ? [this.guess, this.placed] : null;
    this.root.innerHTML = markup;
    this.place = place;
    this.guess = this.told.guess?.slice() ?? null;
    this.placed = this.told.placed?.slice() ?? null;
    this.touched ||= this.told.touched;
    if (!before || before.chapter !== this.told.chapter) this.touched = this.told.touched;
    if (mine) this.putBack(...mine); // moved on while the page was drawn
    this.root.classList.toggle("touched", Boolean(this.touched));
    if (focus) this.root.querySelector(focus)?.focus({ preventScroll: true });
    if (before && before.chapter !== this.told.chapter && this.told.main) this.root.closest('[data-testid="stMain"]')?.scrollTo({ top: 0 });
    if (this.told.main) this.remember();
    else if (before?.chapter !== this.told.chapter) this.reveal();
    this.mark();
    drawn(this.root);
  }

  end() {
    document.removeEventListener("keydown", this.pressed);
    document.removeEventListener(DONE, this.answered);
    clearTimeout(this.waits);
  }

  // What can be found again in new markup, as a selector.
  focused() {
    const active = document.activeElement;
    if (!active || !this.root.contains(active)) return null;
    const { column, card, set, control } = active.dataset;
    if (column !== undefined) return `${this.frame()} .knob[data-column="${column}"]`;
    if (card !== undefined) return `[data-card="${card}"]`;
    if (control !== undefined) return `[data-control="${control}"]`;
    return set === undefined ? null : active.matches(".act") ? ".act" : `[data-set='${CSS.escape(set)}']`;
  }

  frame() {
    return [".wide", ".phone", ".hall"].find((name) => this.root.querySelector(`${name} svg`)?.getClientRects().length) ?? ".wide";
  }

  // --- what is done -------------------------------------------------------------------------------

  click(event) {
    const button = event.target.closest("[data-set]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    this.go(JSON.parse(button.dataset.set));
  }

  go(values) {
    const moved = this.waits !== undefined; // and not handed over yet
    clearTimeout(this.waits);
    this.waits = undefined;
    const sent = { ...values };
    if (this.told.state === "ask" && sent.chapter === undefined && (sent.state !== undefined || moved)) Object.assign(sent, this.said());
    if (sent.chapter !== undefined) Object.assign(sent, this.known(sent.chapter));
    this.send(sent);
  }

  // The prediction as an address has it.
  said() {
    const found = {};
    if (this.guess) found.guess = this.guess.map((value) => String(Number(value.toPrecision(6)))).join(",");
    if (this.placed?.length) found.placed = this.placed.join("-");
    return found;
  }

  putBack(guess, placed) {
    guess?.forEach((value, column) => this.ring(column, value));
    const list = this.root.querySelector(".cards");
    if (!placed?.length || !list) return;
    this.placed = placed;
    for (const name of placed) list.append(list.querySelector(`[data-card="${name}"]`));
    this.number(list);
  }

  // A ring or a card is taken in hand; what it is let go with is handed over when it has rested.
  take(held, event, move) {
    clearTimeout(this.waits);
    this.held = true;
    held.setPointerCapture(event.pointerId);
    const grip = new AbortController();
    const end = () => {
      grip.abort();
      this.held = false;
      this.rest();
      if (this.late) this.show(this.late);
      this.late = undefined;
    };
    held.addEventListener("pointermove", move, { signal: grip.signal });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) held.addEventListener(name, end, { signal: grip.signal });
  }

  rest() {
    this.touched = true;
    this.root.classList.add("touched");
    clearTimeout(this.waits);
    this.waits = setTimeout(() => {
      this.waits = undefined;
      this.send(this.said());
    }, REST);
  }

  control(input) {
    const value = Number(input.value);
    if (!input.checkValidity() || Number.isNaN(value)) return;
    for (const other of this.root.querySelectorAll("[data-control]")) if (other !== input) other.value = input.value;
    clearTimeout(this.waits);
    this.waits = setTimeout(() => this.send({ tried: String(value) }), 120);
  }

  step(by) {
    const input = this.root.querySelector("input[data-control]:not(:disabled)");
    if (input) {
      const value = Math.min(Number(input.max), Math.max(Number(input.min), Number(input.value) + by));
      for (const each of this.root.querySelectorAll("input[data-control]")) each.value = value;
      this.control(input);
      return;
    }
    const buttons = [...this.root.querySelectorAll(".words [data-set]")];
    const now = buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true");
    buttons[Math.min(buttons.length - 1, Math.max(0, now + by))]?.click();
  }

  // --- rings --------------------------------------------------------------------------------------

  drag(event) {
    const knob = event.target.closest(".knob");
    const card = event.target.closest("[data-card]");
    if (card) return this.carry(event, card);
    if (!knob || this.told.state !== "ask") return;
    const svg = knob.ownerSVGElement;
    const column = Number(knob.dataset.column);
    this.take(knob, event, (moved) => {
      const box = svg.getBoundingClientRect();
      const y = ((moved.clientY - box.top) / box.height) * svg.viewBox.baseVal.height;
      this.ring(column, this.valueAt(1 - (y - Number(svg.dataset.top)) / Number(svg.dataset.height)));
    });
  }

  share(value) {
    const { low, high, scale } = this.told.axis;
    const share = scale === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return Math.min(1, Math.max(0, share));
  }

  valueAt(share) {
    const { low, high, scale, digits } = this.told.axis;
    const at = Math.min(1, Math.max(0, share));
    const value = scale === "log" ? low * (high / low) ** at : low + (high - low) * at;
    return this.rounded(value, digits);
  }

  rounded(value, digits) {
    const { low, high, scale } = this.told.axis;
    const wide = scale === "log" && high / low > 1e4; // over so many decades two digits are more than can be drawn
    const to = wide ? Number(value.toPrecision(2)) : Number(value.toFixed(digits));
    return Math.min(high, Math.max(low, to));
  }

  nudge(column, steps) {
    const { scale, digits, low, high } = this.told.axis;
    const now = this.guess[column];
    let next;
    if (scale === "log") {
      const factor = high / low > 1e4 ? 10 ** 0.25 : 1.05;
      next = this.rounded(now * factor ** steps, digits);
      if (next === now) next = this.rounded(now + Math.sign(steps) * 10 ** -digits, digits);
    } else {
      const unit = Math.max(10 ** -digits, digits ? (high - low) / 200 : Math.round((high - low) / 200) || 1);
      next = this.rounded(now + steps * unit, digits);
    }
    this.ring(column, next);
    this.rest();
  }

  // Draws one ring where it now is, in every size of the picture, and its number in the table.
  ring(column, value) {
    this.guess[column] = value;
    const words = this.words(value);
    const knobs = this.root.querySelectorAll(`.knob[data-column="${column}"]`);
    if (!knobs.length) return; // an example worked first
    for (const knob of knobs) {
      const svg = knob.ownerSVGElement;
      const [top, height] = [Number(svg.dataset.top), Number(svg.dataset.height)];
      const y = top + (1 - this.share(value)) * height;
      for (const circle of knob.querySelectorAll("circle")) circle.setAttribute("cy", y);
      const text = knob.querySelector("text");
      const aside = text.getAttribute("text-anchor") === "start";
      text.setAttribute("y", aside ? y + 4.5 - (value === this.told.axis.line ? 11 : 0) : y > top + 20 ? y - 15 : y + 25);
      text.textContent = words;
      knob.setAttribute("aria-valuenow", value);
      knob.setAttribute("aria-valuetext", words);
      const stem = svg.querySelector(`[data-stem="${column}"]`);
      const x = knob.querySelector(".ring").getAttribute("cx");
      const ground = stem.getAttribute("d").match(/M[\d.]+ ([\d.-]+)/)[1];
      stem.setAttribute("d", `M${x} ${ground}V${y}`);
      const line = svg.querySelector(".guess-line");
      if (line) {
        const points = line.getAttribute("d").slice(1).split("L");
        points[column] = `${x} ${y}`;
        line.setAttribute("d", `M${points.join("L")}`);
      }
    }
    const row = this.root.querySelector(`tr[data-row="${column}"]`);
    if (row) {
      row.querySelector("[data-value]").textContent = words;
      const relation = row.querySelector("[data-relation]");
      if (relation) relation.textContent = this.relation(value);
    }
  }

  words(value) {
    const { unit, digits, low, high, scale } = this.told.axis;
    let text = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    if (scale === "log" && high / low > 1e4) {
      const two = Number(value.toPrecision(2));
      text = two.toLocaleString("en-US", { maximumFractionDigits: 4 });
      if (two >= 1e7 || two < 1e-3) {
        const [front, power] = two.toExponential(0).split("e");
        const raised = String(Number(power)).replace(/./g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(sign)]);
        text = front === "1" ? `10${raised}` : `${front}·10${raised}`;
      }
    }
    return this.told.words.unit.replace("{value}", text) || `${text}${unit}`;
  }

  relation(value) {
    const { equal, fewer, more } = this.told.words;
    const percent = Math.round(Math.abs(value - 1) * 100);
    if (percent === 0) return equal;
    return value > 2 ? "" : (value < 1 ? fewer : more).replace("{percent}", percent);
  }

  // --- cards --------------------------------------------------------------------------------------

  // A card is carried by the pointer; it changes places with each card that it comes over.
  carry(event, card) {
    if (this.told.state !== "ask") return;
    event.preventDefault();
    card.focus();
    this.take(card, event, (moved) => {
      const over = document.elementsFromPoint(moved.clientX, moved.clientY).find((one) => one.dataset?.card && one !== card);
      if (over && this.root.contains(over)) this.put(card.dataset.card, this.placed.indexOf(over.dataset.card));
    });
  }

  put(name, to) {
    const at = this.placed.indexOf(name);
    if (to < 0 || to >= this.placed.length || at === to) return;
    this.placed.splice(to, 0, ...this.placed.splice(at, 1));
    const list = this.root.querySelector(".cards");
    const card = list.querySelector(`[data-card="${name}"]`);
    // The one that is held stays in the page, and keeps pointer and focus: the others go around it.
    for (const [place, each] of this.placed.entries()) {
      const other = list.querySelector(`[data-card="${each}"]`);
      if (place < to) card.before(other);
      else if (place > to) list.append(other);
    }
    this.number(list);
  }

  number(list) {
    for (const [place, card] of [...list.children].entries()) {
      card.querySelector(".no").textContent = place + 1;
      card.setAttribute("aria-label", this.told.words.card.replace("{name}", card.dataset.name).replace("{place}", place + 1));
    }
  }

  // --- keys ---------------------------------------------------------------------------------------

  key(event) {
    if (!this.told?.main || event.altKey || event.metaKey || event.ctrlKey) return;
    const at = event.target;
    const elsewhere = at.closest?.('[role="dialog"], [data-baseweb="popover"]');
    if (event.key === "Escape" && this.told.present && !elsewhere) return this.go({ present: "false" }); // whatever else it does
    if (event.defaultPrevented) return;
    const here = this.root.contains(at);
    const knob = here && at.closest?.(".knob");
    const card = here && at.closest?.("[data-card]");
    const up = { ArrowUp: 1, ArrowDown: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (knob && up && this.told.state === "ask") {
      event.preventDefault();
      return this.nudge(Number(knob.dataset.column), up * (event.shiftKey ? 4 : 1));
    }
    if (knob && ["Home", "End"].includes(event.key)) {
      event.preventDefault();
      this.ring(Number(knob.dataset.column), this.told.axis[event.key === "Home" ? "low" : "high"]);
      return this.rest();
    }
    if (card && up && this.told.state === "ask") {
      event.preventDefault();
      const down = event.key === "ArrowDown" || event.key === "ArrowRight";
      this.put(card.dataset.card, this.placed.indexOf(card.dataset.card) + (down ? 1 : -1));
      card.focus();
      return this.rest();
    }
    const nobody = at === document.body || at === document.documentElement;
    if (nobody && this.told.state === "ask" && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      const first = this.root.querySelector(`${this.frame()} .knob`);
      if (!first) return;
      event.preventDefault();
      return first.focus({ preventScroll: true, focusVisible: true });
    }
    const typing = at.matches?.("input, textarea, select, [contenteditable=true]");
    if (event.key === "Escape" && !elsewhere) {
      if (here) at.blur();
      return;
    }
    if (typing || elsewhere) return;
    const control = at.closest?.("button, a, summary, [role=radio]");
    if (event.key === "Enter" && (!control || control.matches(".act"))) {
      const act = this.root.querySelector(".act:not([aria-disabled=true])");
      if (act) {
        event.preventDefault();
        act.click();
      }
      return;
    }
    const keys = { n: ".next", b: ".back", r: ".again", p: ".presenter", l: ".language" };
    const target = keys[event.key.toLowerCase()];
    if (target) {
      const button = this.root.querySelector(`[data-set]${target}`);
      if (button) {
        event.preventDefault();
        button.click();
      }
    } else if (this.told.state === "play" && ["ArrowLeft", "ArrowRight"].includes(event.key) && !control) {
      event.preventDefault();
      this.step((event.key === "ArrowRight" ? 1 : -1) * (event.shiftKey ? 4 : 1));
    }
  }

  // --- progress, in this browser only -------------------------------------------------------------

  kept() {
    try {
      const found = JSON.parse(localStorage.getItem(DONE) ?? "{}");
      return found && typeof found === "object" && !Array.isArray(found) ? found : {};
    } catch {
      return {}; // a browser that keeps nothing
    }
  }

  remember() {
    const { state, lesson, name } = this.told;
    if (state === "ask" || this.told.hidden || !this.root.querySelector("[data-answered]")) return;
    const found = this.kept();
    const key = `${lesson}/${name}`;
    const now = { ...this.said(), answered: true };
    if (JSON.stringify(found[key]) === JSON.stringify(now)) return;
    try {
      localStorage.setItem(DONE, JSON.stringify({ ...found, [key]: now }));
    } catch {
      return;
    }
    document.dispatchEvent(new CustomEvent(DONE));
  }

  // What this browser knows of a chapter that is gone to: the prediction that was compared there, and with it the answer.
  known(chapter) {
    const name = this.told.names?.[chapter - 1];
    const found = this.kept()[`${this.told.lesson}/${name}`];
    if (!found?.answered || this.told.hidden) return { state: "ask", guess: null, placed: null, tried: null };
    return { state: "answer", guess: found.guess ?? null, placed: found.placed ?? null, tried: null };
  }

  // In a long rail, the chapter that one is at. Only the sidebar is scrolled, which may lie beside the window.
  reveal() {
    const here = this.root.querySelector(".rail [aria-current]");
    const around = here?.closest('[data-testid="stSidebarContent"]');
    if (!around) return;
    const [box, its] = [around.getBoundingClientRect(), here.getBoundingClientRect()];
    const beyond = its.bottom - box.bottom > 0 ? its.bottom - box.bottom : Math.min(0, its.top - box.top);
    if (beyond) around.scrollBy({ top: beyond + Math.sign(beyond) * its.height });
  }

  mark() {
    const found = this.kept();
    let count = 0;
    for (const [at, name] of (this.told?.names ?? []).entries()) {
      const done = Boolean(found[`${this.told.lesson}/${name}`]?.answered);
      count += done;
      for (const element of this.root.querySelectorAll(`[data-chapter="${at + 1}"]`)) {
        element.classList.toggle("done", done);
        const said = element.querySelector(".st");
        if (said) said.textContent = done ? "✓" : "";
        if (said) said.setAttribute("aria-label", done ? this.told.words.answered : "");
      }
    }
    const line = this.root.querySelector("[data-count]");
    if (line) line.textContent = line.dataset.count.replace("{count}", count);
  }
}
