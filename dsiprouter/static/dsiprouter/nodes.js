"use strict";
// Each node is asked by itself after the page is shown, so that a dead one delays neither the page nor the others.
const address = document.currentScript.dataset.url;
const PAUSE = 2000;
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

// While many pages ask, the site says so at once instead of letting all of them wait: then this one asks again.
function ask(name, questionsLeft) {
  fetch(address.replace("NAME", encodeURIComponent(name)), { headers: { Accept: "application/json" }, redirect: "error" })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((answer) => {
      if (answer.again && questionsLeft > 1) setTimeout(() => ask(name, questionsLeft - 1), PAUSE);
      else fill(name, answer);
    })
    .catch(() => fill(name, { state: "unknown", sentence: "The site did not answer: load the page again." }));
}

for (const name of new Set([...document.querySelectorAll("[data-node]")].map((place) => place.dataset.node))) {
  ask(name, 5);
}
