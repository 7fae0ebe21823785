"use strict";
// Each node is asked by itself after the page is shown, so that a dead one delays neither the page nor the others.
const address = document.currentScript.dataset.url;
const MOODS = { "in step": "good", behind: "bad", unreachable: "bad" };

function fill(name, answer) {
  for (const place of document.querySelectorAll(`[data-node="${CSS.escape(name)}"]`)) {
    place.textContent = answer[place.dataset.part] ?? "–";
    if (place.dataset.part === "state") {
      place.className = `node-state ${MOODS[answer.state] ?? "quiet"}`;
      place.title = answer.sentence ?? "";
    }
  }
}

for (const name of new Set([...document.querySelectorAll("[data-node]")].map((place) => place.dataset.node))) {
  fetch(address.replace("NAME", encodeURIComponent(name)), { headers: { Accept: "application/json" }, redirect: "error" })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((answer) => fill(name, answer))
    .catch(() => fill(name, { state: "unknown", sentence: "The site did not answer: load the page again." }));
}
