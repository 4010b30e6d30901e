// A command to type in a terminal, with a button that copies it.
import {element} from "./dom.js";

/** Return the command and its button; without access to the clipboard the button selects the text. */
export function command(line, {text, announce}) {
  const shown = element("code", {}, [line]);
  const button = element("button", {type: "button", class: "copy", "aria-label": text("shell.copy_command", {line})}, [text("shell.copy")]);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line);
    } catch {
      getSelection().selectAllChildren(shown);
      announce(text("shell.selected"));
      return;
    }
    button.textContent = text("shell.copied");
    announce(text("shell.copied"));
    setTimeout(() => { button.textContent = text("shell.copy"); }, 2000);
  });
  return element("div", {class: "command"}, [shown, button]);
}
