// Asks before a page is left on which something was typed and not sent: form[data-warn-unsaved].
export function warnUnsaved() {
  let unsaved = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-warn-unsaved]")) unsaved = true;
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) unsaved = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
}
