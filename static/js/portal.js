// What makes the pages more comfortable. Each part stands alone; without any of them every page
// works. `ready` is called with the document and with whatever htmx puts into it later.
import { startKit } from "./kit.js";
import { watchQuestions } from "./questions.js";
import { sendOnce } from "./once.js";
import { watchSession } from "./session.js";
import { startUploads } from "./upload.js";
import { warnUnsaved } from "./unsaved.js";

function ready(scope) {
  startKit(scope);
  watchQuestions(scope);
  startUploads(scope);
}

ready(document);
document.addEventListener("htmx:after:swap", () => ready(document));
sendOnce();
watchSession();
warnUnsaved();
