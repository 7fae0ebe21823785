// Ask the site in the background, with the user's session. A redirect means that the login has ended, and fails.
export function ask(url, { headers, ...options } = {}) {
  return fetch(url, { ...options, headers: { Accept: "application/json", ...headers }, redirect: "error" });
}

// Return what the site answers, or throw when it does not answer as expected.
export async function askForJson(url) {
  const answer = await ask(url);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}
