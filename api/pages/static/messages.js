// Messages of the frame: a server that is gone, a key that is needed, problems beside their fields.
import {element} from "./dom.js";

// Headers have no other signs: a request with one is never sent.
const KEY = /^[\x21-\x7e]+$/;

/** Return the banner above the view, which is shown while the server does not answer. */
export function banner(text, formats) {
  const shown = element("div", {role: "alert", class: "banner"});
  document.querySelector("header.top").after(shown);
  let last = Date.now();
  return {
    lost: () => {
      shown.replaceChildren(element("p", {}, [text("shell.server_gone", {time: formats.clock(last)})]));
      document.body.classList.add("stale");
    },
    returned: () => {
      shown.replaceChildren();
      document.body.classList.remove("stale");
    },
    answered: () => { last = Date.now(); },
  };
}

/** Ask for an API key above the view; the promise has the key. */
export function keyForm(text, isRefused) {
  return new Promise((resolve) => {
    const hint = element("p", {id: "api-key-hint", class: isRefused ? "error" : "hint", "aria-live": "polite"}, [text(isRefused ? "shell.key_refused" : "shell.key_needed")]);
    const input = element("input", {id: "api-key", name: "key", type: "password", autocomplete: "off", required: true, "aria-describedby": "api-key-hint"});
    const form = element("form", {class: "key-form card", "aria-labelledby": "api-key-title"}, [
      element("h2", {id: "api-key-title"}, [text("shell.key_title")]),
      hint,
      element("label", {for: "api-key"}, [text("shell.key")]),
      element("div", {class: "row"}, [input, element("button", {class: "primary"}, [text("shell.key_use")])]),
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = input.value.trim();
      if (KEY.test(key)) {
        form.remove();
        resolve(key);
      } else {
        hint.className = "error";
        fieldError(input, hint, [text("shell.key_letters")]);
      }
    });
    document.querySelector("main").before(form);
    input.focus();
  });
}

/** Write messages into the element that describes a field, and mark the field; none of them clears it. */
export function fieldError(field, shown, messages) {
  shown.textContent = messages.join(" ");
  shown.hidden = messages.length === 0;
  if (messages.length > 0) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}
