// Whether each carrier accepts our registration is asked after the page is shown, in one request for all of its groups.
import { askForJson } from "./ask.js";

const { url } = document.getElementById("ask-registrations").dataset;
const places = [...document.querySelectorAll(".registration[data-group]")];
const PAUSE = 2000;

function show(place, registration) {
  const words = document.createElement("strong");
  words.textContent = registration.words;
  place.className = `registration ${place.classList.contains("long") ? "long " : ""}severity-${registration.severity}`;
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

// Show all states, and return whether one of them may change in a moment.
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
  return again;
}

async function askForAll(questionsLeft) {
  const query = new URLSearchParams(places.map((place) => ["group", place.dataset.group]));
  try {
    const { registrations } = await askForJson(`${url}?${query}`);
    const again = showAll(registrations);
    if (again && questionsLeft > 1) setTimeout(() => askForAll(questionsLeft - 1), PAUSE);
  } catch {
    for (const place of places) place.textContent = "unknown: reload the page";
  }
}

if (places.length > 0) askForAll(15);
