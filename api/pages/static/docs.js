// If the server requires keys, the document needs one too. The key stays in this page and is sent with requests to try.
const page = document.querySelector("rapi-doc");
const form = document.querySelector("form");
const told = document.querySelector("output");

async function show(key) {
  told.textContent = "";
  const answer = await fetch(new URL("../../schema/openapi.json", import.meta.url), {headers: key ? {"X-API-Key": key} : {}});
  form.hidden = answer.status !== 401;
  if (answer.status === 401 && key) told.textContent = "The server does not know this key.";
  if (!answer.ok && answer.status !== 401) throw new Error(`the server answers ${answer.status}`);
  if (!answer.ok) return;
  const content = await answer.json();
  await customElements.whenDefined("rapi-doc");
  if (key) page.addEventListener("spec-loaded", () => page.setApiKey("api_key", key), {once: true});
  page.loadSpec(content);
}

async function tryToShow(key) {
  try {
    await show(key);
  } catch (error) {
    told.textContent = `The document cannot be loaded: ${error.message}`;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tryToShow(new FormData(form).get("key"));
});
tryToShow("");
