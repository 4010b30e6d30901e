import {newestOnly} from "./api.js";
import {intervalPlot} from "./chart.js";
import {command} from "./command.js";
import {comparison} from "./comparison.js";
import {element} from "./dom.js";
import {metricWords} from "./metrics.js";

const AT_ONCE = 50;
const TYPING_MS = 250;
const FIRST_COMMAND = "planrec train model=forecast policy=guarded";

export async function mount(root, context) {
  const {text, api, onReturn, announce} = context;
  const chosen = new Map();
  const list = element("ul", {class: "runs", "data-figures": true});
  const more = element("button", {type: "button", hidden: true}, [text("runs.more")]);
  const count = element("p", {class: "hint", role: "status"});
  const problems = element("div");
  const notice = element("div");
  const pinned = element("section", {class: "card pinned", "aria-labelledby": "pinned-title"});
  const result = element("section", {class: "card compared", "aria-labelledby": "compared-title", hidden: true});
  const filter = element("input", {id: "filter", type: "search", autocomplete: "off", placeholder: text("runs.filter_hint")});
  const sweep = element("select", {id: "sweep"});
  const tray = compareTray();
  const tools = element("div", {class: "tools"}, [
    field("filter", text("runs.filter"), filter),
    element("div", {class: "field", hidden: true}, [element("label", {for: "sweep"}, [text("runs.sweep")]), sweep]),
  ]);
  let shown = [];
  let shownQuery = null;

  function compareTray() {
    const words = element("span");
    const button = element("button", {type: "button", class: "primary", disabled: true}, [text("runs.compare")]);
    button.addEventListener("click", () => compare([...chosen.values()]));
    const box = element("div", {class: "tray", hidden: true}, [words, button]);
    return {
      box,
      update: () => {
        box.hidden = chosen.size === 0;
        button.disabled = chosen.size !== 2;
        words.textContent = text("runs.chosen", {names: [...chosen.values()].map((run) => run.model).join(" · "), n: chosen.size});
        for (const input of list.querySelectorAll("input[type=checkbox]")) input.disabled = chosen.size === 2 && !input.checked;
      },
    };
  }

  const compare = newestOnly(async (pair, signal) => {
    const [a, b] = pair;
    result.hidden = false;
    result.setAttribute("aria-busy", "true");
    try {
      comparison(result, await api.get(`/runs/compare?a=${a.id}&b=${b.id}`, {signal}), pair, context);
      result.querySelector("h2").focus();
    } catch (error) {
      if (error.status === undefined) throw error;
      result.replaceChildren(element("h2", {id: "compared-title"}, [text("runs.compare")]), problem(error));
    } finally {
      result.removeAttribute("aria-busy");
    }
  });

  const load = newestOnly(async (isMore, signal) => {
    const query = new URLSearchParams({text: filter.value, sweep: sweep.value, limit: AT_ONCE}).toString();
    // A list with another filter begins again.
    const offset = isMore && query === shownQuery ? shown.length : 0;
    let page;
    try {
      page = await api.get(`/runs?${query}&offset=${offset}`, {signal});
    } catch (error) {
      if (error.status === undefined) throw error;
      notice.replaceChildren(problem(error));
      return;
    }
    shown = offset === 0 ? page.runs : [...shown, ...page.runs];
    shownQuery = query;
    show(page);
  });

  function show(page) {
    const isEmpty = page.total === 0 && filter.value === "" && sweep.value === "";
    notice.replaceChildren(...(isEmpty ? [empty()] : []));
    tools.hidden = isEmpty;
    const scales = scalesOf(shown);
    list.replaceChildren(...shown.map((run) => runItem(run, scales, chosen, tray, context)));
    tray.update();
    count.textContent = isEmpty ? "" : text("runs.count", {shown: shown.length, total: page.total, n: page.total});
    more.hidden = shown.length >= page.total;
    pinned.hidden = isEmpty;
    pinned.replaceChildren(...pinnedParts(page.pinned));
    showSweeps(page.sweeps);
    problems.replaceChildren(...(page.unreadable.length === 0 ? [] : [unreadable(page.unreadable)]));
    announce(count.textContent);
  }

  function showSweeps(sweeps) {
    const chosenBefore = sweep.value;
    sweep.parentElement.hidden = sweeps.length === 0;
    sweep.replaceChildren(
      element("option", {value: ""}, [text("runs.all_runs")]),
      ...sweeps.map((one) => element("option", {value: one.folder}, [
        text("runs.sweep_option", {folder: one.folder.replace("multirun/", ""), runs: one.n_runs, failed: one.n_failed}),
      ])),
    );
    sweep.value = chosenBefore;
  }

  function pinnedParts(run) {
    const title = element("h2", {id: "pinned-title"}, [text("runs.pinned_title")]);
    if (run === null) return [title, element("p", {}, [text("runs.nothing_pinned")]), command("planrec pin latest", context)];
    return [
      title,
      element("p", {class: "sentence"}, [run.verdict]),
      element("p", {class: "hint"}, [text("runs.pinned_hint", {run: run.run_id})]),
    ];
  }

  function empty() {
    return element("div", {class: "card empty"}, [
      element("h2", {}, [text("runs.empty_title")]),
      element("p", {}, [text("runs.empty")]),
      command(FIRST_COMMAND, context),
    ]);
  }

  function unreadable(folders) {
    return element("details", {class: "card"}, [
      element("summary", {}, [text("runs.unreadable", {n: folders.length})]),
      element("ul", {}, folders.map((one) => element("li", {}, [element("code", {}, [one.folder]), " ", element("span", {lang: "en"}, [one.problem])]))),
    ]);
  }

  let typing = 0;
  filter.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(false), TYPING_MS);
  });
  sweep.addEventListener("change", () => load(false));
  more.addEventListener("click", () => load(true));
  onReturn(() => load(false));
  root.replaceChildren(element("h1", {}, [text("runs.title")]), pinned, result, tools, notice, count, list, more, problems, tray.box);
  await load(false);
}

function field(id, label, input) {
  return element("div", {class: "field"}, [element("label", {for: id}, [label]), input]);
}

function problem(error) {
  return element("p", {class: "notice bad", role: "alert"}, [error.message]);
}

/** Return metric -> [least, most] of the gains of all runs, zero included, so that their plots can be compared. */
function scalesOf(runs) {
  const scales = new Map();
  for (const {against} of runs) {
    for (const {metric, gain, low, high} of against) {
      const [least, most] = scales.get(metric) ?? [0, 0];
      scales.set(metric, [Math.min(least, low ?? gain), Math.max(most, high ?? gain)]);
    }
  }
  for (const [metric, [least, most]] of scales) {
    const margin = 0.05 * (most - least || 1);
    scales.set(metric, [least - margin, most + margin]);
  }
  return scales;
}

function runItem(run, scales, chosen, tray, context) {
  const {text, formats} = context;
  const box = element("input", {type: "checkbox", id: `run-${run.id}`, checked: chosen.has(run.id)});
  box.addEventListener("change", () => {
    if (box.checked) chosen.set(run.id, run);
    else chosen.delete(run.id);
    tray.update();
  });
  const named = `${run.model} · ${run.policy}`;
  const pills = [
    run.is_pinned && element("span", {class: "pill good"}, [text("runs.pinned")]),
    run.is_denied && element("span", {class: "pill bad"}, [text("runs.denied")]),
    run.warnings.length > 0 && element("span", {class: "pill warn"}, [text("runs.warnings", {n: run.warnings.length})]),
  ].filter(Boolean);
  const size = run.n_subscribers === null ? text("runs.size_rows", {n: formats.number(run.n_decisions)})
    : text("runs.size", {n: formats.number(run.n_decisions), subscribers: formats.number(run.n_subscribers)});
  return element("li", {class: "card run"}, [
    element("div", {class: "run-head"}, [
      box,
      element("label", {for: `run-${run.id}`}, [element("span", {class: "hidden"}, [text("runs.choose")]), named]),
      ...pills,
      element("time", {class: "hint", datetime: run.finished}, [formats.time(run.finished)]),
    ]),
    element("p", {class: "sentence"}, [run.verdict]),
    element("p", {class: "hint"}, [text("runs.judged_on", {data: run.data, cv: run.cv, target: run.target}), " ", size]),
    element("div", {class: "plots"}, [...run.against.map((found) => gainRow(found, run, scales, context)), ...harmRow(run, context)]),
    element("div", {class: "row actions"}, [pageLink(run, "report", named, context), pageLink(run, "card", named, context), details(run, named, context)]),
  ]);
}

function gainRow(found, run, scales, context) {
  const {text} = context;
  const words = metricWords(context);
  const currency = run.currency;
  const figures = `${words.signed(found.metric, found.gain, currency)} ${words.range(found.metric, found.low, found.high, currency)}`;
  const kinds = {better: "good", worse: "bad", undecided: "", equal: ""};
  return element("div", {class: "plot"}, [
    element("span", {class: "against"}, [text(`runs.against_${found.role}`, {baseline: found.baseline})]),
    intervalPlot({
      value: found.gain, low: found.low, high: found.high, range: scales.get(found.metric), reference: 0,
      label: text("runs.gain_label", {baseline: found.baseline, metric: words.name(found.metric), figures}),
    }),
    element("span", {class: "figures"}, [element("span", {class: `pill ${kinds[found.outcome]}`}, [text(`runs.${found.outcome}`)]), ` ${figures}`]),
  ]);
}

function harmRow(run, context) {
  const {text, formats} = context;
  const harm = run.figures.find((figure) => figure.metric === "harm_rate");
  if (harm === undefined) return [];
  const words = metricWords(context);
  const isOver = harm.at_most !== null && harm.value > harm.at_most;
  const figures = `${words.value("harm_rate", harm.value)} ${words.range("harm_rate", harm.low, harm.high)}`;
  return [element("div", {class: "plot"}, [
    element("span", {class: "against"}, [text("runs.harm")]),
    intervalPlot({
      value: harm.value, low: harm.low, high: harm.high, range: [0, Math.max(0.2, (harm.high ?? harm.value) * 1.05)], reference: harm.at_most,
      label: text("runs.harm_label", {figures, limit: formats.percent(harm.at_most ?? 0)}),
    }),
    element("span", {class: "figures"}, [
      element("span", {class: `pill ${isOver ? "bad" : "good"}`}, [text(isOver ? "runs.over_limit" : "runs.within_limit", {limit: formats.percent(harm.at_most ?? 0)})]),
      ` ${figures}`,
    ]),
  ])];
}

/** A page that a key protects cannot be opened by a link: it is downloaded, and needs no server then. */
function pageLink(run, kind, named, {text, api, root}) {
  const path = `/runs/${run.id}/${kind}`;
  const words = [text(`runs.${kind}`), element("span", {class: "hidden"}, [` ${named} ${run.run_id}`])];
  if (!api.hasKey()) return element("a", {class: "button", href: root + path, target: "_blank", rel: "noopener"}, words);
  const button = element("button", {type: "button"}, words);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const link = element("a", {download: `${kind}-${run.id}.html`, href: URL.createObjectURL(await (await api.send(path)).blob())});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      if (error.status !== undefined) button.after(element("span", {class: "error", role: "alert"}, [error.message]));
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

function details(run, named, context) {
  const {text} = context;
  const facts = [
    [text("runs.folder"), run.folder],
    [text("runs.catalogue"), run.catalogue ?? "–"],
    [text("runs.version"), run.version],
    ...run.sweeps.map((sweep) => [text("runs.sweep"), sweep]),
  ];
  return element("details", {}, [
    element("summary", {}, [text("runs.details"), element("span", {class: "hidden"}, [` ${named} ${run.run_id}`])]),
    ...run.warnings.map((warning) => element("p", {class: "notice"}, [warning])),
    element("dl", {}, facts.flatMap(([name, value]) => [element("dt", {}, [name]), element("dd", {}, [value])])),
    ...(run.is_pinned || run.is_denied || run.pin_command === null ? [] : [element("p", {}, [text("runs.pin_it")]), command(run.pin_command, context)]),
    element("p", {}, [text("runs.train_again")]),
    command(run.command, context),
  ]);
}
