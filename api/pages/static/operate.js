import {element} from "./dom.js";

export async function mount(root, {text}) {
  root.replaceChildren(element("h1", {}, [text("operate.title")]));
}
