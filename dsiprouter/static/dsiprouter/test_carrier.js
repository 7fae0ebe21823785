// The test buttons on the page of a carrier group. Each asks the carrier through Kamailio and shows the result.
import { ask } from "./ask.js";

const tests = document.querySelector(".carrier-tests");
const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
const realmField = document.getElementById("id_credential-0-realm");
const realmsField = document.getElementById("id_credential-0-more_realms");

function fill(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

// One click puts what the carrier asks for into its field; saving is left to the operator.
function offer(place, text, field, value) {
  if (!field || !value || field.value === value) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button set-realm";
  button.textContent = text;
  button.addEventListener("click", () => {
    fill(field, value);
    button.replaceWith(`The field says “${value}” now: save, then press Reload Kamailio.`);
  });
  place.append(" ", button);
}

function offerRealm(place, realm) {
  offer(place, `Set the realm to “${realm}”`, realmField, realm);
}

// Calls may be challenged with another realm than registrations.
function offerRealmOfCalls(place, realm) {
  if (!realmsField || !realm) return;
  const realms = realmsField.value.split(",").map((text) => text.trim());
  const more = [...realms.filter((text) => text && text !== realm), realm].join(", ");
  offer(place, `Add “${realm}” to the further realms`, realmsField, more);
}

function show(button, result, answer) {
  const word = document.createElement("strong");
  word.textContent = answer.ok ? "✓ good" : "✗ failed";
  result.className = `test-result severity-${answer.ok ? "ok" : "problem"}`;
  result.replaceChildren(word, ` ${answer.sentence}`);
  if ("setsRealm" in button.dataset && answer.realm && realmField) {
    fill(realmField, answer.realm);
    result.append(" It stands in the field “Realm” now: save, then press Reload Kamailio.");
  } else if (answer.verdict === "realm differs") {
    offerRealm(result, answer.realm);
  }
}

async function run(button, result) {
  button.disabled = true;
  result.className = "test-result";
  result.textContent = "asking…";
  try {
    const answer = await ask(button.dataset.url, { method: "POST", headers: { "X-CSRFToken": token } });
    show(button, result, await answer.json());
  } catch {
    show(button, result, { ok: false, sentence: "The site did not answer as expected: reload the page, then try again." });
  } finally {
    button.disabled = false;
  }
}

function addEndpointTest(row, key) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button test-button";
  button.textContent = "Test endpoint";
  button.dataset.url = tests.dataset.endpointUrl.replace("/0/", `/${key}/`);
  const result = document.createElement("span");
  result.className = "test-result";
  result.setAttribute("role", "status");
  const cell = document.createElement("td");
  cell.colSpan = row.cells.length;
  cell.append(button, " ", result);
  const line = document.createElement("tr");
  line.className = "endpoint-test";
  line.append(cell);
  row.after(line);
}

for (const row of document.querySelectorAll("#endpoints-group tr.has_original")) {
  const key = row.querySelector("input[type=hidden][name$='-id']");
  if (key && key.value) addEndpointTest(row, key.value);
}
document.addEventListener("click", (event) => {
  const button = event.target.closest(".test-button");
  if (button) run(button, button.parentElement.querySelector(".test-result"));
});
document.addEventListener("registration", (event) => {
  if (event.detail.state === "realm differs") offerRealm(event.target, event.detail.realm);
  offerRealmOfCalls(event.target, event.detail.realmOfCalls);
});
tests.hidden = false;
