// The texts of the page: texts/en.json and texts/es.json have the same keys, which a test compares.

const LANGUAGES = ["en", "es"];
const STORED = "planrec.language";

/** Return the language of `?lang=`, else the one chosen at an earlier visit, else the browser's. */
export function chosenLanguage() {
  const named = new URLSearchParams(location.search).get("lang");
  if (LANGUAGES.includes(named)) {
    localStorage.setItem(STORED, named);
    return named;
  }
  const stored = localStorage.getItem(STORED);
  if (LANGUAGES.includes(stored)) return stored;
  return navigator.language.toLowerCase().startsWith("es") ? "es" : "en";
}

/** Return the function that looks up a text by its key and fills in its {placeholders}; `NAME_one` is the text of one {n}. */
export async function loadTexts(language) {
  const texts = await (await fetch(new URL(`texts/${language}.json`, import.meta.url))).json();
  const plurals = new Intl.PluralRules(language);
  return (key, values = {}) => {
    const [section, name] = key.split(".");
    const found = texts[section]?.[`${name}_${plurals.select(Number(values.n))}`] ?? texts[section]?.[name];
    if (found === undefined) throw new Error(`no text ${key}`);
    return found.replace(/\{(\w+)\}/g, (_, placeholder) => values[placeholder]);
  };
}

/** Write the texts of the frame: the server may have chosen another language. */
export function translate(language, text) {
  document.documentElement.lang = language;
  for (const shown of document.querySelectorAll("[data-text]")) shown.textContent = text(shown.dataset.text);
  for (const named of document.querySelectorAll("[data-label]")) named.setAttribute("aria-label", text(named.dataset.label));
  for (const link of document.querySelectorAll(".languages a")) {
    if (link.lang === language) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
