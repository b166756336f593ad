// Says to the stylesheet that scripts run, before anything is drawn: the design system hides what
// opens on demand only then.
document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("nhsuk-frontend-supported");
}
