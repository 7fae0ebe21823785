"use strict";
// Whether each carrier accepts our registration is asked after the page is shown, in one request for all of its groups.
(() => {
  const url = document.currentScript.dataset.url;
  const places = [...document.querySelectorAll(".registration[data-group]")];
  const PAUSE = 2000;
  let questionsLeft = 15;

  function show(place, registration) {
    const words = document.createElement("strong");
    words.textContent = registration.words;
    place.className = `registration ${place.classList.contains("long") ? "long " : ""}mood-${registration.mood}`;
    place.dataset.state = registration.state;
    place.replaceChildren(words);
    if (place.classList.contains("long")) {
      place.append(` ${registration.sentence}`);
      // The tests of the page offer to set the realm that the registrar asks for.
      place.dispatchEvent(new CustomEvent("registration", { bubbles: true, detail: registration }));
    } else {
      place.title = registration.sentence;
    }
  }

  function showAll(registrations) {
    let again = false;
    for (const place of places) {
      const registration = registrations[place.dataset.group];
      if (registration) {
        show(place, registration);
        again ||= registration.state === "trying";
      } else {
        place.textContent = "–";
      }
    }
    questionsLeft -= 1;
    if (again && questionsLeft > 0) setTimeout(ask, PAUSE);
  }

  function ask() {
    const query = new URLSearchParams(places.map((place) => ["group", place.dataset.group]));
    fetch(`${url}?${query}`, { headers: { Accept: "application/json" }, redirect: "error" })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then((answer) => showAll(answer.registrations))
      .catch(() => {
        for (const place of places) place.textContent = "unknown: reload the page";
      });
  }

  if (places.length > 0) ask();
})();
