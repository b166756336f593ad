// Makes a key in this browser, asks for a certificate over it, and puts both into a file that the
// person saves. The key is never sent: what leaves the page is a signing request. Bundled with
// pkijs at set-up (bin/setup).
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ROUNDS = 100_000; // of PBKDF2 over the passphrase
const MAC_ROUNDS = 10_000; // the file's own check is slower a round in this library
const EVERY = 1000; // milliseconds between two looks whether the certificate is there
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY = "1.2.840.113549.1.9.21";
const SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";
const COMMON_NAME = "2.5.4.3";

for (const box of document.querySelectorAll("[data-browser-key]")) {
  if (window.crypto?.subtle) offer(box);
}

function offer(box) {
  document.querySelector("[data-browser-key-off]").hidden = true;
  box.hidden = false;
  const button = box.querySelector(".nhsuk-button:not(.nhsuk-password-input__toggle)");
  const status = box.querySelector("[role=status]");
  let made; // the key and its request: pressed again after a failure, they are the same
  button.addEventListener("click", async () => {
    const passphrase = chosen(box);
    if (!passphrase) return;
    button.disabled = true;
    window.addEventListener("beforeunload", stay);
    try {
      status.textContent = box.dataset.wordsMaking;
      made ??= await makeKey(box.dataset.name);
      const asked = await ask(box, made.request);
      status.textContent = box.dataset.wordsWaiting;
      const issued = await wait(asked.state);
      status.textContent = box.dataset.wordsLocking;
      const file = await lock(made.keys.privateKey, issued, passphrase, box.dataset.name);
      give(status, box, file, asked.page);
    } catch (error) {
      if (error instanceof Refusal) made = undefined;
      status.textContent = error instanceof Refusal ? error.message : box.dataset.wordsFailed;
      window.removeEventListener("beforeunload", stay);
      button.disabled = false;
    }
  });
}

// What the server says to people; anything else that goes wrong is a line that broke.
class Refusal extends Error {}

function stay(event) {
  event.preventDefault();
}

// The passphrase, if both boxes hold the same sound one; else the fault stands beside its box.
function chosen(box) {
  const [first, again] = box.querySelectorAll("input");
  const text = first.value;
  complain(first, "");
  complain(again, "");
  if (text.length < Number(box.dataset.shortest)) return complain(first, box.dataset.wordsShort);
  if (!/^[\x20-\x7e]+$/.test(text)) return complain(first, box.dataset.wordsPlain);
  if (text !== again.value) return complain(again, box.dataset.wordsDiffer);
  return text;
}

function complain(input, words) {
  const id = `${input.id}-error`;
  const group = input.closest(".nhsuk-form-group");
  document.getElementById(id)?.remove();
  group.classList.toggle("nhsuk-form-group--error", Boolean(words));
  input.toggleAttribute("aria-invalid", Boolean(words));
  const hints = (input.getAttribute("aria-describedby") ?? "").split(" ");
  const others = hints.filter((hint) => hint && hint !== id);
  if (words) {
    const message = document.createElement("span");
    message.className = "nhsuk-error-message";
    message.id = id;
    message.textContent = words;
    input.closest(".nhsuk-input-wrapper").before(message);
    input.setAttribute("aria-invalid", "true");
    others.push(id);
    input.focus();
  }
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
  return "";
}

async function makeKey(name) {
  const keys = await crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const request = new pkijs.CertificationRequest();
  // There are none, but their place must be there (RFC 2986 §4.1).
  request.attributes = [];
  request.subject.typesAndValues.push(
    new pkijs.AttributeTypeAndValue({
      type: COMMON_NAME,
      value: new asn1js.Utf8String({ value: name }),
    }),
  );
  await request.subjectPublicKeyInfo.importKey(keys.publicKey);
  await request.sign(keys.privateKey, "SHA-256");
  return { keys, request: pem(request.toSchema().toBER()) };
}

function pem(der) {
  const lines = base64(der).match(/.{1,64}/g).join("\n");
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`;
}

function base64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

async function ask(box, request) {
  const body = new FormData();
  body.append("csrf_token", box.dataset.token);
  body.append("asked", box.dataset.asked);
  body.append("request", request);
  const answer = await fetch(box.dataset.browserKey, { method: "POST", body });
  const said = await answer.json();
  if (!answer.ok) throw new Refusal(said.problem);
  return said;
}

async function wait(address) {
  for (;;) {
    const answer = await fetch(address, { cache: "no-store" });
    const said = await answer.json();
    if (said.problem) throw new Refusal(said.problem);
    if (said.certificate) return said;
    await new Promise((done) => setTimeout(done, EVERY));
  }
}

// PKCS#12 with AES-256-CBC under PBKDF2, and a MAC with SHA-256 (RFC 7292, RFC 9579).
async function lock(key, issued, passphrase, name) {
  const password = new TextEncoder().encode(passphrase).buffer;
  const attributes = await marks(issued.certificate, name);
  const sealing = {
    password,
    contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 },
    hmacHashAlgorithm: "SHA-256",
    iterationCount: ROUNDS,
  };
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", key);
  const shrouded = new pkijs.PKCS8ShroudedKeyBag({
    parsedValue: pkijs.PrivateKeyInfo.fromBER(pkcs8),
  });
  await shrouded.makeInternalValues(sealing);
  const keys = [bag(SHROUDED_KEY_BAG, shrouded, attributes)];
  const certificates = [
    bag(CERTIFICATE_BAG, certificate(issued.certificate), attributes),
    bag(CERTIFICATE_BAG, certificate(issued.issuer)),
  ];
  const whole = new pkijs.PFX({
    parsedValue: {
      integrityMode: 0,
      authenticatedSafe: new pkijs.AuthenticatedSafe({
        parsedValue: {
          safeContents: [
            { privacyMode: 0, value: new pkijs.SafeContents({ safeBags: keys }) },
            { privacyMode: 1, value: new pkijs.SafeContents({ safeBags: certificates }) },
          ],
        },
      }),
    },
  });
  await whole.parsedValue.authenticatedSafe.makeInternalValues({ safeContents: [{}, sealing] });
  await whole.makeInternalValues({
    password,
    iterations: MAC_ROUNDS,
    pbkdf2HashAlgorithm: "SHA-256",
    hmacHashAlgorithm: "SHA-256",
  });
  return whole.toSchema().toBER();
}

function certificate(text) {
  return new pkijs.CertBag({ parsedValue: pkijs.Certificate.fromBER(bytes(text)) });
}

function bag(bagId, bagValue, bagAttributes) {
  return new pkijs.SafeBag({ bagId, bagValue, bagAttributes });
}

// By these a system shows the certificate and finds the key that belongs to it.
async function marks(text, name) {
  const id = await crypto.subtle.digest("SHA-256", bytes(text));
  return [
    new pkijs.Attribute({ type: FRIENDLY_NAME, values: [new asn1js.BmpString({ value: name })] }),
    new pkijs.Attribute({ type: LOCAL_KEY, values: [new asn1js.OctetString({ valueHex: id })] }),
  ];
}

function give(status, box, file, page) {
  const link = document.createElement("a");
  link.className = "nhsuk-button";
  link.href = URL.createObjectURL(new Blob([file], { type: "application/x-pkcs12" }));
  link.download = `${box.dataset.name}.p12`;
  link.textContent = link.download;
  const after = document.createElement("p");
  after.append(link);
  status.textContent = box.dataset.wordsReady;
  status.after(after);
  link.focus();
  link.addEventListener("click", () => {
    window.removeEventListener("beforeunload", stay);
    history.replaceState(null, "", page);
  });
}
