// A table of sources and readers that can be walked and chosen from: one tab stop, arrows, Home and End, Enter.
// The rows' and columns' numbers follow from where a cell stands; what is said of it, from the table's templates.
class Grid {
  constructor(table, choose) {
    this.table = table;
    this.choose = choose;
    this.says = table.closest(".matrix").querySelector(".says");
    this.rows = [...table.rows].map((row) => [...row.cells]);
    this.last = this.rows[0].length - 1; // the output's column
    this.nameLater();
    table.addEventListener("click", (event) => this.pick(event.target));
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("focusin", (event) => this.enter(event.target));
  }

  // Two thousand cells take a while to be named, which no one needs to wait for: some at a time, where the browser is idle.
  nameLater() {
    const cells = this.cells();
    const some = (deadline) => {
      if (!this.table.isConnected) return;
      do
        for (let n = 0; n < 50; n++) {
          const { done, value } = cells.next();
          if (done) return;
          this.name(value);
        }
      while (deadline?.timeRemaining() > 3);
      later(some);
    };
    const later = globalThis.requestIdleCallback ?? setTimeout;
    later(some);
  }

  *cells() {
    for (const row of this.rows) for (const cell of row) if (this.holds(cell)) yield cell;
  }

  holds(cell) {
    return cell.tagName === "TD" ? !cell.matches(".e, .none") : "select" in cell.dataset;
  }

  // {source, reader}: of a header one of them, of the bottom row the reader alone.
  place(cell) {
    const row = cell.parentElement;
    const reader = cell.cellIndex === 0 ? undefined : this.last - (row.cells.length - 1 - cell.cellIndex);
    return { source: "source" in row.dataset ? Number(row.dataset.source) : undefined, reader };
  }

  at(element) {
    const cell = element?.closest?.("td, th");
    return cell && this.table.contains(cell) && this.holds(cell) ? cell : null;
  }

  // What a cell is called, and that it can have the focus.
  name(cell) {
    if (cell.tabIndex !== 0) cell.tabIndex = -1;
    if (cell.tagName === "TD") cell.ariaLabel = this.words(cell);
    return cell;
  }

  // "2-4", "source-2", "layer-4"; a part of the output stands for its source
  selection(cell) {
    if (cell.dataset.select) return cell.dataset.select;
    const { source, reader } = this.place(cell);
    const ends = reader === this.last;
    if (source === undefined) return ends ? "" : `layer-${reader}`;
    return ends ? `source-${source}` : `${source}-${reader}`;
  }

  words(cell) {
    const { source, reader } = this.place(cell);
    const of = this.table.dataset;
    const foot = this.value(this.rows.at(-1)[reader]);
    if (source === undefined) return (reader === this.last ? of.footOut : of.foot).replace("{reader}", reader).replace("{foot}", foot);
    const what = cell.parentElement.dataset.what;
    const fill = { reader, what, foot, value: this.value(cell) };
    return (reader === this.last ? of.out : of.cell).replace(/\{(\w+)\}/g, (_, name) => fill[name]);
  }

  value(cell) {
    return cell ? (cell.dataset.v ?? cell.textContent) : "";
  }

  // What is said under the table: of a cell, of a source, or, with nothing pointed at, of what is chosen.
  say(cell, source) {
    const shown = cell ?? (source === null ? this.chosen : null);
    const place = shown ? this.place(shown) : { source: source ?? undefined };
    const row = place.source === undefined ? null : this.table.querySelector(`[data-source="${place.source}"]`);
    const about = !shown || (shown.tagName === "TH" && row) ? "" : shown.tagName === "TD" ? this.words(shown) : this.ofReader(place.reader);
    const text = [about, row?.dataset.says ?? ""].filter(Boolean).join(" ");
    this.says.classList.toggle("idle", !text);
    this.says.textContent = text || this.says.dataset.idle;
    this.says.style.setProperty("--c", row?.style.getPropertyValue("--c") || "transparent");
    for (const one of this.table.querySelectorAll(".of")) one.classList.remove("of");
    if (place.reader !== undefined) this.rows[0][place.reader]?.classList.add("of");
    if (place.source !== undefined) row?.cells[0].classList.add("of");
  }

  ofReader(reader) {
    const foot = this.rows.at(-1)[reader];
    return foot && this.holds(foot) ? this.words(foot) : "";
  }

  show(select) {
    this.select = select;
    this.chosen?.removeAttribute("aria-selected");
    this.chosen = select ? ([...this.cells()].find((cell) => this.selection(cell) === select) ?? null) : null;
    if (this.chosen) this.chosen.ariaSelected = "true";
    if (!this.stop?.isConnected) this.stand(this.chosen ?? this.rows[1][1]);
  }

  // The one cell that Tab reaches.
  stand(cell) {
    if (this.stop) this.stop.tabIndex = -1;
    this.stop = this.name(cell);
    cell.tabIndex = 0;
  }

  enter(element) {
    const cell = this.at(element);
    if (cell) this.stand(cell);
  }

  pick(element) {
    const cell = this.at(element);
    const select = cell && this.selection(cell);
    if (select) this.choose(select === this.select ? "" : select);
  }

  key(event) {
    const cell = this.at(event.target);
    if (!cell || event.altKey || event.metaKey) return;
    const next = event.key === "Enter" || event.key === " " ? cell : this.beside(cell, event.key, event.ctrlKey);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    if (next === cell) this.pick(cell);
    else this.name(next).focus();
  }

  beside(cell, key, all) {
    const row = cell.parentElement.rowIndex;
    const column = this.place(cell).reader ?? 0;
    const find = (r, c) => this.rows[r]?.find((one) => this.holds(one) && (this.place(one).reader ?? 0) === c);
    const along = (cells, back) => cells.filter((one) => this.holds(one)).at(back ? 0 : -1);
    if (key === "Home" || key === "End") return along(all ? [...this.cells()] : this.rows[row], key === "Home");
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    if (!step) return undefined;
    for (let [r, c] = [row + step[0], column + step[1]]; r >= 0 && c >= 0 && r < this.rows.length && c <= this.last; ) {
      const found = find(r, c);
      if (found) return found;
      [r, c] = [r + step[0], c + step[1]];
    }
    return undefined;
  }

  // Readers that are not there yet step back; a source that is not there does so as a whole.
  film(layer) {
    if (layer === null && !this.filming) return;
    this.filming = layer !== null;
    for (const row of this.rows)
      for (const cell of row) cell.classList.toggle("later", this.filming && !row[0].closest(".later") && this.place(cell).reader > layer);
  }

  // Where the focus is, so that a redraw can put it back.
  focused() {
    const cell = this.at(this.table.getRootNode().activeElement);
    return cell && [cell.parentElement.rowIndex, this.place(cell).reader ?? 0];
  }

  focus([row, column]) {
    const cell = this.rows[row]?.find((one) => this.holds(one) && (this.place(one).reader ?? 0) === column);
    if (cell) this.name(cell).focus();
  }
}
