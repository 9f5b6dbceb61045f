// A button that puts the text shown beside it on the clipboard and says so; where the browser forbids that, the text is
// selected.

async function copyFrom(button) {
  const { done, failed } = button.dataset;
  const shown = button.parentElement.querySelector("code");
  const before = (button.dataset.before ??= button.textContent);
  let told = done;
  try {
    await navigator.clipboard.writeText(shown.textContent); // only where the page came by https or from this machine
  } catch {
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
