// Show only the fields of the chosen way to authenticate. A disabled fieldset is not submitted.
function showChosen() {
  const chosen = document.querySelector("input[name=authentication]:checked");
  for (const fieldset of document.querySelectorAll(".for-authentication")) {
    const fits = chosen !== null && fieldset.dataset.authentication === chosen.value;
    fieldset.hidden = !fits;
    fieldset.disabled = !fits;
  }
}

for (const radio of document.querySelectorAll("input[name=authentication]")) {
  radio.addEventListener("change", showChosen);
}
// The browser may restore the choice of an earlier visit after the script ran.
window.addEventListener("pageshow", showChosen);
showChosen();
