// "Tick all on this page" in the list of locations. Without it each box is ticked by hand.
function offer(scope) {
  for (const form of scope.querySelectorAll("form[data-ticks]:not([data-ticks-ready])")) {
    form.dataset.ticksReady = "true";
    const offered = form.querySelector("[data-ticks-all]");
    const boxes = [...form.querySelectorAll("input[type=checkbox][name=number]:not(:disabled)")];
    if (!offered || boxes.length < 2) continue;
    offered.hidden = false;
    offered.querySelector("button").addEventListener("click", () => {
      const on = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = on;
    });
  }
}

offer(document);
document.addEventListener("htmx:after:swap", () => offer(document));
