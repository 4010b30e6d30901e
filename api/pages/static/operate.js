import {answerFinder} from "./answer_finder.js";
import {newestOnly} from "./api.js";
import {command} from "./command.js";
import {element} from "./dom.js";
import {metricWords} from "./metrics.js";
import {overTime} from "./over_time.js";

const REFRESH_MS = 15_000;
const DECISIONS = ["recommend", "stay", "abstain"];
const PERIODS = [1, 7, 30, 90];

export async function mount(root, context) {
  const {text, api, formats, onReturn} = context;
  const notices = element("div", {class: "notices"});
  const facts = element("div", {class: "grid", "data-figures": true});
  const updated = element("p", {class: "hint"});
  const days = element("select", {id: "days"}, PERIODS.map((n) => element("option", {value: n, selected: n === 7}, [text("operate.days", {n})])));
  const choice = element("div", {class: "choice"}, [element("label", {for: "days"}, [text("operate.period")]), days]);
  const chart = element("div");
  const answers = element("section", {class: "card wide", "aria-labelledby": "answers-title"}, [
    element("div", {class: "head"}, [element("h2", {id: "answers-title"}, [text("operate.over_time")]), choice]), chart,
  ]);

  const ask = newestOnly(async (asked, signal) => {
    let found;
    try {
      found = await api.get(`/operate?days=${asked}`, {signal});
    } catch (error) {
      if (error.status === undefined) throw error;
      notices.replaceChildren(notice("bad", error.message));
      return;
    }
    notices.replaceChildren(...noticesOf(found, context));
    if (!isUsed(chart)) chart.replaceChildren(...overTime(found.over_time, Number(asked), context));
    showCards(facts, [
      served(found, context), traffic(found, context), log(found.log, context), answers,
      drift(found.drift, context), watch(found.watch, context), realised(found.realised, context),
    ]);
    updated.textContent = text("operate.updated", {time: formats.clock(found.time)});
  });
  const load = () => ask(days.value);

  days.addEventListener("change", load);
  onReturn(load);
  root.replaceChildren(element("h1", {}, [text("operate.title")]), notices, facts, updated, answerFinder(context));
  await load();
  setInterval(() => {
    if (!document.hidden) load();
  }, REFRESH_MS);
}

const isUsed = (part) => part.contains(document.activeElement);

/** Replace the cards; one that is used stays, and with it the focus. */
function showCards(facts, cards) {
  if (facts.children.length === 0) facts.append(...cards);
  [...facts.children].forEach((old, at) => { if (old !== cards[at] && !isUsed(old)) old.replaceWith(cards[at]); });
}

function notice(kind, words) {
  return element("p", {class: `notice ${kind}`}, [words]);
}

function noticesOf(found, {text, formats}) {
  const shown = [];
  if (found.pin_error !== null) shown.push(notice("bad", text("operate.pin_refused", {reason: found.pin_error})));
  if (found.log !== null && found.log.dropped + found.log.failed > 0) {
    shown.push(notice("bad", text("operate.rows_lost", {n: formats.number(found.log.dropped + found.log.failed)})));
  }
  if (found.traffic.errors > 0) shown.push(notice("bad", text("operate.has_errors", {n: formats.number(found.traffic.errors)})));
  if (found.drift?.is_of_served_run && found.drift.alarms.length > 0) {
    shown.push(notice("", text("operate.has_drift", {names: found.drift.alarms.join(", ")})));
  }
  if (found.watch?.is_of_served_run && found.watch.verdict === "failed") shown.push(notice("bad", text("operate.check_failed")));
  for (const file of found.broken_files) shown.push(notice("bad", text("operate.broken_file", {file})));
  return shown;
}

function card(title, parts, kind = "") {
  const id = `card-${title.replace(/\W+/g, "-")}`;
  return element("section", {class: `card ${kind}`, "aria-labelledby": id}, [element("h2", {id}, [title]), ...parts]);
}

function terms(pairs) {
  return element("dl", {}, pairs.flatMap(([name, value]) => [element("dt", {}, [name]), element("dd", {}, [value])]));
}

function served({served: run, pinned, rollback}, context) {
  const {text, formats} = context;
  if (run === null) return card(text("operate.served"), [element("p", {}, [text("operate.nothing_pinned")]), command("planrec pin latest", context)]);
  const age = run.age_days < 2 ? [-Math.round(24 * run.age_days), "hour"] : [-Math.round(run.age_days), "day"];
  const ago = new Intl.RelativeTimeFormat(context.language).format(...age);
  const pairs = [
    [text("operate.run"), run.run_id],
    [text("operate.trained"), `${formats.time(run.trained)} (${ago})`],
    [text("operate.catalogue"), run.catalogue === null ? "–" : `${run.catalogue.id} ${run.catalogue.version}`],
  ];
  if (pinned === null) pairs.push([text("operate.pinned"), text("operate.no_pin")]);
  else {
    pairs.push([text("operate.pinned"), formats.time(pinned.pinned_at) + (pinned.pinned_by === null ? "" : `, ${pinned.pinned_by}`)]);
    if (pinned.reason !== null) pairs.push([text("operate.reason"), pinned.reason]);
    if (pinned.id !== run.id) pairs.push([text("operate.not_served"), pinned.run]);
  }
  const back = rollback === null ? [element("p", {class: "hint"}, [text("operate.no_rollback")])]
    : [element("p", {class: "hint"}, [text("operate.rollback", {run: rollback.run})]), command(rollback.command, context)];
  return card(text("operate.served"), [element("p", {class: "big"}, [`${run.model} · ${run.policy}`]), terms(pairs), ...back]);
}

function traffic({traffic: counts}, context) {
  const {text, formats} = context;
  const total = DECISIONS.reduce((sum, name) => sum + counts.answers[name], 0);
  const time = (ms) => (ms === null ? "–" : text("operate.ms", {n: formats.number(ms, ms < 10 ? 1 : 0)}));
  return card(text("operate.answers"), [
    element("p", {class: "big"}, [text("operate.n_answers", {n: formats.number(total)})]),
    element("p", {class: "hint"}, [text("operate.since_start")]),
    terms([
      ...DECISIONS.map((name) => [
        text(`operate.${name}`), total === 0 ? "0" : `${formats.number(counts.answers[name])} (${formats.percent(counts.answers[name] / total)})`,
      ]),
      [text("operate.requests"), formats.number(counts.requests)],
      [text("operate.refused"), formats.number(counts.refused)],
      [text("operate.errors"), bad(formats.number(counts.errors), counts.errors > 0)],
      [text("operate.p50"), time(counts.p50_ms)],
      [text("operate.p99"), time(counts.p99_ms)],
    ]),
  ]);
}

function bad(words, isBad) {
  return isBad ? element("strong", {class: "bad"}, [words]) : words;
}

function log(counts, context) {
  const {text, formats} = context;
  if (counts === null) return card(text("operate.log"), [element("p", {}, [text("operate.no_log")])]);
  return card(text("operate.log"), [
    element("p", {class: "big"}, [text("operate.n_waiting", {n: formats.number(counts.waiting)})]),
    element("p", {class: "hint"}, [text(counts.is_required ? "operate.log_required" : "operate.log_optional")]),
    terms([
      [text("operate.written"), formats.number(counts.written)],
      [text("operate.dropped"), bad(formats.number(counts.dropped), counts.dropped > 0)],
      [text("operate.failed"), bad(formats.number(counts.failed), counts.failed > 0)],
      [text("operate.log_errors"), bad(formats.number(counts.errors), counts.errors > 0)],
    ]),
  ]);
}

function unknown(title, line, context) {
  return card(title, [element("p", {}, [context.text("operate.not_yet")]), command(line, context)]);
}

function ofOtherRun(facts, {text}) {
  return facts.is_of_served_run ? [] : [element("p", {class: "notice"}, [text("operate.other_run")])];
}

function drift(facts, context) {
  const {text, formats} = context;
  const title = text("operate.drift");
  if (facts === null) return unknown(title, "planrec drift", context);
  const names = [...facts.alarms, ...facts.problems];
  const days = facts.reference_days;
  return card(title, [
    ...ofOtherRun(facts, context),
    element("p", {class: "big"}, [
      element("span", {class: `pill ${names.length > 0 ? "bad" : "good"}`}, [text(names.length > 0 ? "operate.alarm" : "operate.no_alarm")]), ` ${facts.alarms.join(", ")}`,
    ]),
    ...facts.problems.map((problem) => element("p", {class: "hint", lang: "en"}, [problem])),
    terms([
      [text("operate.last_day"), facts.day === null ? "–" : formats.date(facts.day)],
      [text("operate.evidence"), `${formats.number(facts.evidence, 1)}${facts.threshold === null ? "" : ` ${text("operate.alarm_from", {n: formats.number(facts.threshold)})}`}`],
      ...(days === null ? [] : [[text("operate.reference_days"), text("operate.of", {found: days[0], needed: days[1]})]]),
    ]),
  ]);
}

function watch(facts, context) {
  const {text, formats} = context;
  const title = text("operate.checks");
  if (facts === null || facts.checked_at === "") return unknown(title, "planrec watch", context);
  const kinds = {passed: "good", failed: "bad", undecided: ""};
  return card(title, [
    ...ofOtherRun(facts, context),
    element("p", {class: "hint"}, [text("operate.checked", {time: formats.time(facts.checked_at)})]),
    ...(facts.rolled_back_at === null ? [] : [element("p", {class: "notice"}, [text("operate.rolled_back", {time: formats.time(facts.rolled_back_at)})])]),
    element("ul", {class: "gates"}, facts.gates.map((gate) => element("li", {}, [
      element("span", {class: `pill ${kinds[gate.verdict]}`}, [text(`operate.gate_${gate.verdict}`)]),
      element("span", {lang: "en"}, [` ${gate.name}: ${gate.detail}`]),
    ]))),
  ]);
}

function realised(facts, context) {
  const {text, formats} = context;
  const title = text("operate.harm");
  if (facts === null) return unknown(title, "planrec realised --save", context);
  const words = metricWords(context);
  return card(title, [
    ...(facts.metrics.length > 0 ? [] : [element("p", {class: "notice"}, [text("operate.no_bills_yet")])]),
    terms([
      ...facts.metrics.map((found) => [
        words.name(found.metric), `${words.value(found.metric, found.value, facts.currency)} ${words.range(found.metric, found.low, found.high, facts.currency)}`,
      ]),
      [text("operate.judged"), formats.number(facts.judged)],
      [text("operate.waiting_bills"), formats.number(facts.waiting)],
      [text("operate.newest_month"), facts.newest_month ?? "–"],
    ]),
  ]);
}

