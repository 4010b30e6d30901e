// Find a logged answer by subscriber and day, compute it again, print it.
import {element} from "./dom.js";

/** Return the section that searches the decision log; the server records every search there. */
export function answerFinder(context) {
  const {text, api, announce} = context;
  const subscriber = element("input", {id: "subscriber", autocomplete: "off", required: true, "aria-describedby": "subscriber-hint"});
  const first = element("input", {id: "from", type: "date"});
  const last = element("input", {id: "to", type: "date"});
  const results = element("div", {class: "results"});
  const replayed = element("div", {class: "replayed", tabindex: -1});
  const form = element("form", {class: "finder"}, [
    field("subscriber", text("operate.subscriber"), subscriber), field("from", text("operate.from"), first), field("to", text("operate.to"), last),
    element("button", {class: "primary"}, [text("operate.find")]),
  ]);

  let asked = 0;  // a reply that arrives after a later question is not shown

  async function find(event) {
    event.preventDefault();
    const number = ++asked;
    const days = {from: first.value, to: last.value};
    const query = new URLSearchParams({subscriber: subscriber.value, ...Object.fromEntries(Object.entries(days).filter(([, day]) => day !== ""))});
    replayed.replaceChildren();
    try {
      const found = await api.get(`/decisions?${query}`);
      if (number === asked) show(found);
    } catch (error) {
      if (number === asked && error.status !== undefined) results.replaceChildren(problem(error));
    }
  }

  function show(found) {
    const words = text("operate.found", {n: found.answers.length});
    announce(words);
    results.replaceChildren(
      element("p", {class: "hint"}, [found.answers.length === 0 ? text("operate.found_none") : words]),
      ...(found.is_complete ? [] : [element("p", {class: "hint"}, [text("operate.found_newest")])]),
      ...(found.unreadable === 0 ? [] : [element("p", {class: "notice"}, [text("operate.unreadable", {n: found.unreadable})])]),
      element("ul", {class: "found"}, found.answers.map(item)),
    );
  }

  function item(answer) {
    const button = element("button", {type: "button"}, [text("operate.replay"), element("span", {class: "hidden"}, [` ${answer.recommendation_id}`])]);
    button.addEventListener("click", () => replay(answer, button));
    return element("li", {}, [
      element("div", {}, [element("strong", {}, [decision(answer, context)]), " ", element("time", {class: "hint", datetime: answer.time}, [context.formats.time(answer.time)])]),
      element("p", {lang: answer.language}, [answer.sentence]), button,
    ]);
  }

  async function replay(answer, button) {
    const number = ++asked;
    button.disabled = true;
    try {
      const found = await api.get(`/decisions/${encodeURIComponent(answer.recommendation_id)}`);
      if (number !== asked) return;
      replayed.replaceChildren(...replayedParts(found, context));
      replayed.focus();
    } catch (error) {
      if (number === asked && error.status !== undefined) replayed.replaceChildren(problem(error));
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("submit", find);
  return element("section", {class: "card find", "aria-labelledby": "find-title"}, [
    element("h2", {id: "find-title"}, [text("operate.find_title")]), element("p", {class: "hint", id: "subscriber-hint"}, [text("operate.find_hint")]), form, replayed, results,
  ]);
}

function field(id, label, input) {
  return element("div", {class: "field"}, [element("label", {for: id}, [label]), input]);
}

function problem(error) {
  return element("p", {class: "notice bad", role: "alert"}, [error.message]);
}

function decision(given, {text}) {
  return given.advised === null ? text(`operate.decision_${given.decision}`) : text("operate.decision_recommend", {plan: given.advised});
}

function replayedParts(found, context) {
  const {text, formats} = context;
  const {given} = found;
  const print = element("button", {type: "button"}, [text("operate.print")]);
  print.addEventListener("click", () => {
    document.body.classList.add("one-answer");
    addEventListener("afterprint", () => document.body.classList.remove("one-answer"), {once: true});
    globalThis.print();
  });
  const facts = [
    [text("operate.answer"), given.recommendation_id],
    [text("operate.given"), `${formats.time(given.time)}, ${text("operate.ms", {n: formats.number(given.latency_ms, 1)})}`],
    [text("operate.run"), `${given.run_id}, sha256 ${given.run}`],
    ...(given.catalogue === null ? [] : [[text("operate.catalogue"), `${given.catalogue.id} ${given.catalogue.version}, sha256 ${given.catalogue.sha256}`]]),
    [text("operate.version"), given.version],
    [text("operate.propensity"), formats.percent(found.propensity)],
  ];
  const values = Object.entries(found.rule.values).map(([name, value]) => `${name} ${value}`).join(", ");
  return [
    element("div", {class: "head"}, [element("h3", {}, [decision(given, context)]), print]),
    element("p", {class: `notice ${found.is_equal ? "good" : "bad"}`}, [text(found.is_equal ? "operate.equal" : "operate.differs")]),
    ...(found.is_equal ? [] : [element("ul", {lang: "en"}, found.differences.map((line) => element("li", {}, [element("code", {}, [line])])))]),
    element("p", {class: "sentence", lang: given.language}, [given.sentence]),
    terms(facts),
    element("h3", {}, [text("operate.inputs")]), ...inputs(found.request, context),
    element("h3", {}, [text("operate.plans")]), plans(found.compared, context),
    ...found.compared.not_offered.map((plan) => element("p", {class: "hint"}, [text("operate.not_offered", {plan: plan.plan_id, code: plan.code})])),
    element("h3", {}, [text("operate.rule")]), element("p", {}, [element("code", {}, [`policy=${found.rule.policy}`]), values === "" ? "" : ` (${values})`]),
    ...found.rule.text.split("\n\n").map((paragraph) => element("p", {class: "rule", lang: "en"}, [paragraph])),
  ];
}

function terms(pairs) {
  return element("dl", {}, pairs.flatMap(([name, value]) => [element("dt", {}, [name]), element("dd", {}, [value])]));
}

/** Return the months as a table, and the other values that were given. */
function inputs(request, {text, formats}) {
  const {months, attributes, ...others} = request;
  const given = Object.entries({...attributes, ...others}).filter(([, value]) => value !== null && value.length !== 0);
  const parts = given.length === 0 ? [] : [terms(given.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)]))];
  if (months.length === 0) return parts;
  const names = Object.keys(months[0]).filter((name) => name !== "month");
  const rows = months.map((month) => [month.month, ...names.map((name) => (month[name] === null || month[name] === undefined ? "–" : formats.number(month[name], 2)))]);
  return [...parts, table(text("operate.months"), [text("operate.month"), ...names], rows)];
}

function plans(answer, {text, formats}) {
  const money = (amount) => (amount === null || answer.currency === null ? "–" : formats.money(amount, answer.currency));
  const rows = answer.items.map((item) => [
    item.plan_id === answer.current?.plan_id ? text("operate.held", {plan: item.plan_id}) : item.plan_id,
    money(item.expected_bill),
    item.bill_p10 === null ? "–" : text("shell.range", {low: money(item.bill_p10), high: money(item.bill_p90)}),
    money(item.expected_saving),
    formats.chance(item.probability),
  ]);
  return table(text("operate.plans"), ["plan", "bill", "bill_range", "saving", "probability"].map((name) => text(`operate.${name}`)), rows);
}

function table(caption, heads, rows) {
  return element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption}, [element("table", {}, [
    element("thead", {}, [element("tr", {}, heads.map((head, at) => element("th", {scope: "col", class: at > 0 ? "number" : null}, [head])))]),
    element("tbody", {}, rows.map(([head, ...cells]) => element("tr", {}, [element("th", {scope: "row"}, [head]), ...cells.map((cell) => element("td", {class: "number"}, [cell]))]))),
  ])]);
}
