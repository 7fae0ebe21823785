// The nodes are asked after the page is shown, because one that is slow or down must not hold it up.
import { askForJson } from "./ask.js";

function line(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function shown(node) {
  const box = document.createElement("div");
  box.className = "node";
  if (node.unknown) box.append(line("p", `Node ${node.name} can’t tell: ${node.unknown}`, "cannot-tell"));
  for (const difference of node.differences) box.append(line("p", `Node ${node.name}: ${difference}`, "differs"));
  if (!node.unknown && node.differences.length === 0) {
    box.append(line("p", `Node ${node.name} holds what was applied.`, "in-step"));
  }
  return box;
}

async function showNodes(place) {
  try {
    const { nodes } = await askForJson(place.dataset.url);
    place.replaceChildren(...nodes.map(shown));
  } catch {
    place.replaceChildren(line("p", "The nodes could not be asked: reload the page.", "cannot-tell"));
  }
}

const place = document.getElementById("drift-of-nodes");
if (place !== null) showNodes(place);
