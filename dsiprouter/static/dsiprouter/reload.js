"use strict";
// The number of waiting changes is fetched after the page is shown, because making the plan takes a while.
for (const badge of document.querySelectorAll(".waiting-count")) {
  fetch(badge.dataset.url, { headers: { Accept: "application/json" }, redirect: "error" })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((answer) => {
      const count = answer.count === null ? "unknown" : String(answer.count);
      badge.textContent = answer.behind ? `${count}, and a node is behind` : count;
      badge.classList.toggle("some", answer.count > 0 || answer.behind);
    })
    .catch(() => {
      badge.textContent = "unknown";
    });
}

function setReloading(reloading) {
  for (const button of document.querySelectorAll(".reload-button")) {
    button.dataset.label ??= button.textContent;
    button.disabled = reloading;
    button.textContent = reloading ? "Reloading…" : button.dataset.label;
  }
}

// A reload may take a minute: nobody should press twice.
for (const form of document.querySelectorAll(".reload-form")) {
  form.addEventListener("submit", () => setReloading(true));
}
// The browser's Back button may show the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) setReloading(false);
});
