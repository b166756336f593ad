// A form is sent once, however often its button is pressed. The server makes sure of it as well.
const AGAIN_AFTER = 8000; // milliseconds; an answer may be a file, and then the page stays

export function sendOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "true";
    setTimeout(() => delete form.dataset.sent, AGAIN_AFTER);
  });
  // Back brings the page as it was left, mark included.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}
