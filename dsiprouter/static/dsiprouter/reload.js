"use strict";
// The number of waiting changes is fetched after the page is shown, because making the plan takes a while.
const badges = document.querySelectorAll(".waiting-count");

function showCount(text, some) {
  for (const badge of badges) {
    badge.textContent = text;
    badge.classList.toggle("some", some);
  }
}

if (badges.length) {
  fetch(badges[0].dataset.url, { headers: { Accept: "application/json" }, redirect: "error" })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((answer) => {
      const count = answer.count === null ? "unknown" : String(answer.count);
      showCount(answer.behind ? `${count}, and a node is behind` : count, answer.count > 0 || answer.behind);
    })
    .catch(() => showCount("unknown", false));
}

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
  form.addEventListener("submit", () => startReloading(form.querySelector("button")));
}
// The browser's Back button may show the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) stopReloading();
});
