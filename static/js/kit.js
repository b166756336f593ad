// Wakes the design system's components, also in parts of a page that came later. Its radio buttons
// and tick boxes are not among them: they set aria-expanded where ARIA does not allow it, so what
// opens below a choice is in questions.js.
import {
  Button,
  CharacterCount,
  ErrorSummary,
  FileUpload,
  NotificationBanner,
  PasswordInput,
  SkipLink,
} from "../vendor/nhsuk-frontend.min.js";

const COMPONENTS = {
  "nhsuk-button": Button,
  "nhsuk-character-count": CharacterCount,
  "nhsuk-error-summary": ErrorSummary,
  "nhsuk-file-upload": FileUpload,
  "nhsuk-notification-banner": NotificationBanner,
  "nhsuk-password-input": PasswordInput,
  "nhsuk-skip-link": SkipLink,
};

export function startKit(scope) {
  for (const element of scope.querySelectorAll("[data-module^='nhsuk-']")) {
    const name = element.dataset.module;
    if (!(name in COMPONENTS) || element.hasAttribute(`data-${name}-init`)) continue;
    try {
      new COMPONENTS[name](element);
      if (name === "nhsuk-file-upload") nameAsShown(element);
    } catch (problem) {
      // One broken component must not take the others with it; plain HTML works without.
      console.warn(problem);
    }
  }
}

// The button's hidden comma stands amid its visible words; who speaks those words to choose the
// button (WCAG 2.5.3) must find them in its name as they are shown.
function nameAsShown(element) {
  const button = element.querySelector("button");
  const comma = button?.querySelector(".nhsuk-u-visually-hidden");
  if (comma) button.before(comma);
}
