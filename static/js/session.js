// Warns before the session ends for want of use, and keeps it if the person is there (WCAG 2.2.1).
const WARN_BEFORE = 2 * 60 * 1000;

export function watchSession() {
  const dialog = document.querySelector("dialog[data-session-minutes]");
  if (!dialog) return;
  const lasts = Number(dialog.dataset.sessionMinutes) * 60 * 1000;
  let timer;
  const begin = () => {
    clearTimeout(timer);
    timer = setTimeout(() => dialog.showModal(), Math.max(lasts - WARN_BEFORE, 0));
  };
  const stay = async () => {
    const answer = await fetch(dialog.dataset.sessionStay, { cache: "no-store" });
    if (answer.ok) begin();
  };
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  // Escape closes it too: any sign of life counts.
  dialog.addEventListener("close", stay);
  document.addEventListener("htmx:after:request", begin);
  begin();
}
