// Each node is asked by itself after the page is shown, so that a dead one delays neither the page nor the others.
import { askForJson } from "./ask.js";

const address = document.getElementById("ask-nodes").dataset.url;
const PAUSE = 2000;
const CLASSES = { "in step": "good", behind: "bad", unreachable: "bad" };

function fill(name, answer) {
  for (const place of document.querySelectorAll(`[data-node="${CSS.escape(name)}"]`)) {
    place.textContent = answer[place.dataset.part] ?? "–";
    if (place.dataset.part === "state") {
      place.className = `node-state ${CLASSES[answer.state] ?? "quiet"}`;
      place.title = answer.sentence ?? "";
    }
  }
}

// While many pages ask, the site answers "again" at once instead of letting all of them wait.
async function askNode(name, questionsLeft) {
  try {
    const answer = await askForJson(address.replace("NAME", encodeURIComponent(name)));
    if (answer.again && questionsLeft > 1) setTimeout(() => askNode(name, questionsLeft - 1), PAUSE);
    else fill(name, answer);
  } catch {
    fill(name, { state: "unknown", sentence: "The site did not answer: load the page again." });
  }
}

for (const name of new Set([...document.querySelectorAll("[data-node]")].map((place) => place.dataset.node))) {
  askNode(name, 5);
}
