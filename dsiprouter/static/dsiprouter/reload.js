// The number of pending changes is fetched after the page is shown, because making the plan takes a while.
import { askForJson } from "./ask.js";

const badges = document.querySelectorAll(".waiting-count");

function showCount(text, some) {
  for (const badge of badges) {
    badge.textContent = text;
    badge.classList.toggle("some", some);
  }
}

async function showPending(url) {
  try {
    const { count, behind } = await askForJson(url);
    const text = count === null ? "unknown" : String(count);
    showCount(behind ? `${text}, and a node is behind` : text, count > 0 || behind);
  } catch {
    showCount("unknown", false);
  }
}

if (badges.length > 0) showPending(badges[0].dataset.url);

// A reload may take a minute: nobody should press twice, and the button says how long it has been running.
let clock;

function startReloading(pressed) {
  const start = Date.now();
  for (const button of document.querySelectorAll(".reload-form button")) button.disabled = true;
  if (pressed === null) return;
  pressed.dataset.label = pressed.textContent;
  const tick = () => {
    const seconds = Math.floor((Date.now() - start) / 1000);
    pressed.textContent = seconds ? `Reloading… ${seconds} s` : "Reloading…";
  };
  tick();
  clock = setInterval(tick, 1000);
}

function stopReloading() {
  clearInterval(clock);
  for (const button of document.querySelectorAll(".reload-form button")) {
    button.disabled = false;
    button.textContent = button.dataset.label ?? button.textContent;
  }
}

for (const form of document.querySelectorAll(".reload-form")) {
  form.addEventListener("submit", (event) => startReloading(event.submitter));
}
// The browser's Back button may show the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) stopReloading();
});
