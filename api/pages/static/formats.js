// Money, numbers and dates as the reader writes them.

const LOCALES = {en: "en-US", es: "es-ES"};

/** Return the functions that format values in a language. */
export function formats(language) {
  const locale = LOCALES[language];
  const made = new Map();
  // A formatter takes longer to make than to use.
  const numbers = (options) => {
    const key = JSON.stringify(options);
    if (!made.has(key)) made.set(key, new Intl.NumberFormat(locale, options));
    return made.get(key);
  };
  const percent = (share, digits = 0) => numbers({style: "percent", maximumFractionDigits: digits}).format(share);
  return {
    /** Format an amount of a currency: a number, or a decimal string of the API. */
    money: (amount, currency) => numbers({style: "currency", currency}).format(amount),
    /** The same in whole units, for sums of a year. */
    wholeMoney: (amount, currency) =>
      numbers({style: "currency", currency, maximumFractionDigits: 0}).format(amount),
    number: (value, digits = 0) => numbers({maximumFractionDigits: digits}).format(value),
    percent,
    /** Format a probability: never 0 % or 100 %, which no forecast can claim. */
    chance: (probability) => {
      if (probability > 0.99) return `>\u202f${percent(0.99)}`;
      if (probability < 0.01) return `<\u202f${percent(0.01)}`;
      return percent(probability);
    },
    /** Format a day, such as "2026-12-01". */
    date: (day) => new Intl.DateTimeFormat(locale, {dateStyle: "long", timeZone: "UTC"}).format(new Date(day)),
    /** Format an instant, in the reader's time zone. */
    time: (instant) =>
      new Intl.DateTimeFormat(locale, {dateStyle: "medium", timeStyle: "short"}).format(new Date(instant)),
    clock: (instant) => new Intl.DateTimeFormat(locale, {timeStyle: "medium"}).format(new Date(instant)),
  };
}
