// The moving picture's host in a document: it keeps what a person has chosen, as the server does for the page.

const text = (id) => document.getElementById(id).textContent;
const { views, words } = JSON.parse(text("picture"));
const said = JSON.parse(await unpacked(words));
const frame = document.getElementById("moving");
const root = frame.querySelector(".dbe-picture");
const title = document.getElementById("graph-title");
const choices = document.querySelector(".switch");
const chosen = { drawing: said.drawing, select: said.select, unfolded: said.unfolded };
let turn = 0;

function show() {
  const { drawing, select, unfolded } = chosen;
  const pictures = views[unfolded ? "unfolded" : "folded"][drawing];
  const data = { ...said, ...chosen, pictures, slice: said.slices[select] ?? null, turn: (turn += 1) };
  mount({ parentElement: frame, data, setTriggerValue: take, setStateValue: take });
  title.textContent = said.titles[drawing];
  for (const button of choices.children) button.setAttribute("aria-pressed", String(button.dataset.drawing === drawing));
}

function take(what, value) {
  if (what === "select") chosen.select = value;
  else if (what === "unfolded" && views.unfolded) chosen.unfolded = value;
  else if (what === "view" && value === "drawing") chosen.drawing = chosen.drawing === "chain" ? "paper" : "chain";
  else return;
  show();
}

// Numbers of a source light with it, wherever it is pointed at.
const numbers = [...document.querySelectorAll(".panel [data-source]")];
function light(source) {
  for (const element of numbers) {
    const own = Number(element.dataset.source) === source;
    element.classList.toggle("lit", own);
    element.classList.toggle("dim", source !== null && !own);
  }
}
const point = (element) => {
  const source = element?.dataset.source;
  document.dispatchEvent(new CustomEvent(EVENT, { detail: { source: source === undefined ? null : Number(source) } }));
};
document.addEventListener(EVENT, ({ detail }) => light(detail.source ?? null));
for (const element of numbers) {
  element.addEventListener("pointerenter", () => point(element));
  element.addEventListener("pointerleave", () => point(null));
}
choices.addEventListener("click", ({ target }) => {
  const { drawing } = target.closest("button")?.dataset ?? {};
  if (drawing && drawing !== chosen.drawing) take("view", "drawing");
});

// From here on there is something to press.
root.querySelector(".drawing").replaceChildren();
document.documentElement.classList.add("alive");
choices.hidden = false;
show();
