// Where the server asks for keys, the document needs one too. It stays in this page and goes with what is tried.
const page = document.querySelector("rapi-doc");
const form = document.querySelector("form");

async function show(key) {
  const answer = await fetch("/schema/openapi.json", {headers: key ? {"X-API-Key": key} : {}});
  form.hidden = answer.status !== 401;
  if (!answer.ok) return;
  const told = await answer.json();
  await customElements.whenDefined("rapi-doc");
  if (key) page.addEventListener("spec-loaded", () => page.setApiKey("api_key", key), {once: true});
  page.loadSpec(told);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(new FormData(form).get("key"));
});
show("");
