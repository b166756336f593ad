// The check page: compares this device's clock with the server's, and copies the diagnosis.
// Without it the page says the server's time, and the lines are copied by hand.
for (const told of document.querySelectorAll("[data-clock]")) {
  // The page was made when the server answered; how long ago that is, this device measures itself.
  const since = performance.now() - (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0);
  const server = Date.parse(told.dataset.clock) + since;
  const off = Math.abs(Date.now() - server) / 1000 > Number(told.dataset.clockLimit);
  told.querySelector(off ? "[data-clock-off]" : "[data-clock-good]").hidden = false;
}

for (const offered of document.querySelectorAll("[data-copies]")) {
  if (!navigator.clipboard) continue;
  offered.hidden = false;
  offered.querySelector("button").addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(offered.dataset.copies).value);
    document.getElementById("status").textContent = offered.dataset.copied;
  });
}
