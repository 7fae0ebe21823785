// A login may end while somebody types. So before a form is sent, this script checks that the login is still valid.
// Nothing typed, passwords included, leaves the page before that.
import { ask } from "./ask.js";

const { url, login, user } = document.getElementById("keep-typed").dataset;
let typist = user;

function say(form, ...parts) {
  let note = form.querySelector(".keep-typed");
  if (note === null) {
    note = document.createElement("p");
    note.className = "errornote keep-typed";
    note.setAttribute("role", "alert");
    form.prepend(note);
  }
  note.replaceChildren(...parts);
  note.scrollIntoView({ block: "center" });
}

async function whatIsWrong() {
  let answer;
  try {
    answer = await ask(url, { cache: "no-store" });
  } catch {
    return ["The site does not answer. Nothing was stored, and nothing you typed is lost: try again in a moment."];
  }
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector(".error-page p")?.textContent ?? "The site can't store it at the moment.";
    return [`${said} Nothing you typed is lost: it is still in this page.`];
  }
  const state = await answer.json();
  if (!state.user) {
    const link = document.createElement("a");
    [link.href, link.target, link.rel, link.textContent] = [login, "_blank", "noopener", "Log in in another tab"];
    return ["Your login has ended, so nothing was stored yet. ", link, ", then come back here and press the button again: nothing you typed is lost."];
  }
  for (const input of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) input.value = state.token;
  if (state.user !== typist) {
    const before = typist;
    typist = state.user;
    return [`Nothing was stored yet: this page was opened by ${before}, and ${state.user} is logged in now. Press the button again to store it as ${state.user}.`];
  }
  return null;
}

let asked = null; // the form that is being sent because its login is valid

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const isTyped = form.method === "post" && form.querySelector("select, textarea, input:not([type=hidden], [type=checkbox], [type=submit])");
    if (!isTyped || !form.closest("#content-main") || form === asked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    const wrong = await whatIsWrong();
    if (wrong !== null) {
      say(form, ...wrong);
      return;
    }
    asked = form;
    form.requestSubmit(submitter);
    asked = null;
  },
  { capture: true },
);
