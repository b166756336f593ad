// Sends each chosen file at once by a request of its own and shows how far it has come. Without
// this script the form's button sends them together.
export function startUploads(scope) {
  for (const form of scope.querySelectorAll("form[data-upload]")) {
    if (form.dataset.ready) continue;
    form.dataset.ready = "true";
    const input = form.querySelector("input[type=file]");
    form.querySelector("[data-upload-button]").hidden = true;
    input.addEventListener("change", () => sendAll(form, input));
    form.addEventListener("submit", (event) => event.preventDefault());
  }
}

async function sendAll(form, input) {
  const files = [...input.files];
  // Emptied first, so that choosing the same file again counts as a change.
  const rest = new FormData(form);
  rest.delete(input.name);
  input.value = "";
  for (const file of files) {
    const row = addRow(form, file);
    row.show(await sendOne(form, input.name, rest, file, row));
    await refresh(form);
  }
}

function addRow(form, file) {
  const item = document.createElement("li");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", file.name);
  words.textContent = `${file.name} – ${form.dataset.wordsSending}`;
  item.append(words, bar);
  form.querySelector("[data-upload-files]").append(item);
  return {
    bar,
    show(problem) {
      bar.remove();
      words.textContent = `${file.name} – ${problem || form.dataset.wordsSent}`;
      announce(words.textContent);
      item.classList.add(problem ? "app-upload__failed" : "app-upload__sent");
      if (!problem) setTimeout(() => item.remove(), 4000);
    },
  };
}

// Says it in the page's status region, which was there before: a new one would not be read aloud.
function announce(words) {
  const status = document.getElementById("status");
  if (!status) return;
  status.textContent = words;
  setTimeout(() => {
    if (status.textContent === words) status.textContent = "";
  }, 8000);
}

// The sentence saying what went wrong; "" when the file was received.
function sendOne(form, name, rest, file, row) {
  const body = new FormData();
  for (const [key, value] of rest) body.append(key, value);
  body.append(name, file, file.name);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) row.bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => {
      // Signed out meanwhile: nothing was received, and the way leads to the sign-in.
      const elsewhere = request.getResponseHeader("HX-Redirect");
      const received = request.status < 400 && !elsewhere;
      if (elsewhere) location.assign(elsewhere);
      done(received ? "" : sentence(request.responseText) || form.dataset.wordsFailed);
    });
    request.addEventListener("error", () => done(form.dataset.wordsFailed));
    request.send(body);
  });
}

// What the answering page says of the file: marked, or in its error summary, or its first words.
function sentence(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const places = ["[data-upload-problem]", ".nhsuk-error-summary li", "main p", "p"];
  const found = places.map((place) => page.querySelector(place)).find(Boolean);
  return found ? found.textContent.trim() : "";
}

let latest = 0;

// Fetches the list of files anew. Two forms may fill the same list: only the newest answer counts.
async function refresh(form) {
  const mine = ++latest;
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial" };
  const answer = await fetch(form.dataset.uploadRefresh, { headers });
  const list = document.getElementById(form.dataset.uploadList);
  if (!answer.ok || !list || mine !== latest) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(list.id);
  if (!fresh) return;
  list.replaceWith(fresh);
  window.htmx.process(fresh);
}
