// The frame of every view: language, API key, messages about the server, and the view's own module.
//
// A view is a file `NAME.js` in this folder that exports `mount(root, context)`; its page is made of view.html,
// its styles are NAME.css, its texts are the section NAME of texts/en.json and texts/es.json. The context has:
//   text(key, values)   a text of the page's language: text("runs.title"), text("runs.count", {n: 3})
//   language            "en" or "es"
//   formats             money, number, percent, chance and date in that language: formats.js
//   api                 requests with key, language and error handling: api.js
//   root                prefix of the server's paths, such as "" or "/planrec"
//   announce(text)      read a sentence to users of screen readers
//   onReturn(action)    call it when the server answers again after it was gone
// `mount` fills `root` (the <main> of the page) and returns a promise that ends when the view can be used.
import {client, ServerGone} from "./api.js";
import {element} from "./dom.js";
import {formats} from "./formats.js";
import {chosenLanguage, loadTexts, translate} from "./i18n.js";
import {banner, keyForm} from "./messages.js";

const page = document.documentElement;
const main = document.querySelector("main");

async function start() {
  const {view, root} = page.dataset;
  const language = chosenLanguage();
  const text = await loadTexts(language);
  translate(language, text);
  document.title = `${text(`shell.${view}`)} · PlanRec`;
  const shown = formats(language);
  const messages = banner(text, shown);
  const returning = [];
  const api = client({
    root,
    language,
    askForKey: (isRefused) => keyForm(text, isRefused),
    onAnswer: messages.answered,
    onLost: messages.lost,
    onReturn: () => {
      messages.returned();
      for (const action of returning) action();
    },
  });
  const live = element("p", {class: "hidden", role: "status", "aria-live": "polite"});
  document.body.append(live);
  const context = {
    text, language, formats: shown, api, root,
    announce: (sentence) => { live.textContent = sentence; },
    onReturn: (action) => { returning.push(action); },
  };
  try {
    const {mount} = await import(`./${view}.js`);
    await mount(main, context);
  } catch (error) {
    if (error instanceof ServerGone) {
      returning.push(() => location.reload());
      return;
    }
    main.append(element("p", {class: "notice bad", role: "alert"}, [error.message]));
    throw error;
  } finally {
    main.removeAttribute("aria-busy");
  }
}

start();
