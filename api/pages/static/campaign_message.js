// The operator's own text: placeholders and length, as the server checks them.

const GSM = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const TWO_UNITS = new Set("^{}\\[~]|€\f");
const OTHER = {"‘": "'", "’": "'", "`": "'", "´": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-"};
const SIGNS = {USD: "US$", EUR: "€"};

export const PLACEHOLDERS = ["plan", "plan_held", "saving", "saving_year", "bill", "bill_held"];
const MOST_GSM = 160;
const MOST_UNICODE = 134;

/** Return the placeholders of a text that do not exist, with their braces. */
export function unknownPlaceholders(template) {
  const plain = template.replaceAll("{{", "").replaceAll("}}", "");
  return [...plain.matchAll(/\{[^{}]*\}?|\}/g)].map(([found]) => found).filter((found) => !PLACEHOLDERS.includes(found.slice(1, -1)));
}

/** Fill in a text with the values of an example, in the alphabet of text messages. */
export function example(template, values) {
  const filled = template.replace(/\{\{|\}\}|\{(\w+)\}/g, (found, name) => (name === undefined ? found[0] : values[name] ?? found));
  return [...filled].map(letter).join("");
}

/** Count the units of a message: {units, most}; texts outside the alphabet of GSM have room for fewer. */
export function lengthOf(message) {
  const letters = [...message];
  if (letters.every((each) => GSM.has(each) || TWO_UNITS.has(each))) {
    return {units: letters.length + letters.filter((each) => TWO_UNITS.has(each)).length, most: MOST_GSM};
  }
  return {units: message.length, most: MOST_UNICODE};
}

/** Write an amount as messages do: without groups of thousands, the currency after it. */
export function messageMoney(amount, currency, language) {
  const digits = amount.toFixed(2);
  return language === "es" ? `${digits.replace(".", ",")} ${SIGNS[currency] ?? currency}` : `${digits} ${currency}`;
}

function letter(each) {
  if (GSM.has(each) || TWO_UNITS.has(each)) return each;
  if (/\p{Zs}/u.test(each)) return " ";
  const plain = OTHER[each] ?? each.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain !== "" && [...plain].every((one) => GSM.has(one)) ? plain : each;
}
