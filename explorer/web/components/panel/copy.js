// A button that puts its text on the clipboard and says so; where the browser forbids that, the text is selected.

async function copyFrom(button) {
  const { copy, done, failed } = button.dataset;
  const before = (button.dataset.before ??= button.textContent);
  let told = done;
  try {
    await navigator.clipboard.writeText(copy); // only where the page came by https or from this machine
  } catch {
    const shown = button.parentElement.querySelector("code");
    const range = document.createRange();
    range.selectNodeContents(shown);
    const selection = button.getRootNode().getSelection?.() ?? getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) told = failed;
  }
  button.textContent = told;
  button.classList.add("done");
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    button.textContent = before;
    button.classList.remove("done");
  }, 1600);
}
