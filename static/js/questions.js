// Shows a question when it is asked: below the choice that asks for it, or further down the form.
// The server asks by the same rule; without this script every question is there.
export function watchQuestions(scope) {
  for (const choice of scope.querySelectorAll("input[data-aria-controls]")) openBelow(choice);
  for (const group of scope.querySelectorAll("[data-asked-by]")) showIfAsked(group);
}

document.addEventListener("change", (event) => watchQuestions(event.target.form ?? document));
// Back brings the page with the answers as they were left.
window.addEventListener("pageshow", () => watchQuestions(document));

function openBelow(choice) {
  const below = document.getElementById(choice.dataset.ariaControls);
  const kind = choice.type === "radio" ? "radios" : "checkboxes";
  below?.classList.toggle(`nhsuk-${kind}__conditional--hidden`, !choice.checked);
}

function showIfAsked(group) {
  const form = group.closest("form");
  if (!form) return;
  const values = group.dataset.askedWhen.split(" ");
  const given = new FormData(form).getAll(group.dataset.askedBy);
  group.hidden = !given.some((value) => values.includes(value));
}
