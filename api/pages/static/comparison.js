// Two runs beside each other: the verdict first, then metrics, configuration and segments.
import {intervalPlot} from "./chart.js";
import {element} from "./dom.js";
import {metricWords} from "./metrics.js";

// Other segments are columns of the data.
const SEGMENTS = new Set(["usage_decile", "held", "y"]);

/** Show a comparison in a section. */
export function comparison(section, found, [first, second], context) {
  const {text} = context;
  section.replaceChildren(
    element("h2", {id: "compared-title", tabindex: -1}, [text("runs.compared_title")]),
    element("p", {class: "sentence"}, [found.verdict]),
    element("ul", {class: "hint names"}, [["A", first], ["B", second]].map(([letter, run]) =>
      element("li", {}, [`${letter}: ${run.model} · ${run.policy}, ${run.run_id}`]))),
    ...(found.not_paired === null ? [] : [element("p", {class: "notice"}, [text("runs.not_paired"), " ", element("span", {lang: "en"}, [found.not_paired])])]),
    ...(found.metrics.length === 0 ? [] : [metrics(found, first.currency, context)]),
    ...(found.segments.length === 0 ? [] : [segments(found, first.currency, context)]),
    ...(found.config.length === 0 ? [] : [changes(text("runs.config_changes"), found.config, context)]),
    ...(found.versions.length === 0 ? [] : [changes(text("runs.version_changes"), found.versions, context)]),
  );
}

function metrics(found, currency, context) {
  const {text} = context;
  const words = metricWords(context);
  const heads = [text("runs.metric"), "A", "B", text("runs.difference"), text("runs.who_is_better")];
  const rows = found.metrics.map((pair) => [
    words.name(pair.metric),
    words.value(pair.metric, pair.a.value, currency),
    words.value(pair.metric, pair.b.value, currency),
    difference(pair.metric, pair.difference, currency, words),
    better(pair, text),
  ]);
  return table(text("runs.metrics_caption"), heads, rows);
}

function difference(metric, range, currency, words) {
  if (range === null || range.value === null) return "–";
  return `${words.signed(metric, range.value, currency)} ${words.range(metric, range.low, range.high, currency)}`;
}

function better({difference: range, higher_is_better: isHigherBetter}, text) {
  if (range === null || range.value === null || isHigherBetter === null) return "–";
  if (!(range.low > 0 || range.high < 0)) return text("runs.maybe_chance");
  return range.value > 0 === isHigherBetter ? "B" : "A";
}

function segments(found, currency, context) {
  const {text} = context;
  const words = metricWords(context);
  const drawn = found.segments.filter((part) => part.difference !== null && part.difference.value !== null);
  const range = [
    Math.min(0, ...drawn.map((part) => part.difference.low ?? part.difference.value)),
    Math.max(0, ...drawn.map((part) => part.difference.high ?? part.difference.value)),
  ];
  const rows = drawn.map((part) => {
    const figures = difference(found.metric, part.difference, currency, words);
    const name = `${SEGMENTS.has(part.segment) ? text(`runs.segment_${part.segment}`) : part.segment} ${part.value}`;
    const label = `${name}: ${figures}`;
    return [name, String(part.n_subscribers), intervalPlot({...part.difference, range, reference: 0, label}), figures];
  });
  const heads = [text("runs.segment"), text("runs.subscribers"), text("runs.plot"), text("runs.difference")];
  return element("details", {}, [
    element("summary", {}, [text("runs.segments", {metric: words.name(found.metric)})]),
    table(text("runs.segments_caption"), heads, rows, "segments"),
  ]);
}

function changes(title, found, {text}) {
  const rows = found.map((change) => [element("code", {}, [change.path]), change.a, change.b]);
  return element("details", {}, [element("summary", {}, [`${title} (${found.length})`]), table(title, [text("runs.value"), "A", "B"], rows)]);
}

function table(caption, heads, rows, kind = "") {
  return element("div", {class: `scroll ${kind}`, tabindex: 0, role: "region", "aria-label": caption}, [
    element("table", {}, [
      element("caption", {}, [caption]),
      element("thead", {}, [element("tr", {}, heads.map((head) => element("th", {scope: "col"}, [head])))]),
      element("tbody", {}, rows.map(([head, ...cells]) =>
        element("tr", {}, [element("th", {scope: "row"}, [head]), ...cells.map((cell) => element("td", {}, [cell]))]))),
    ]),
  ]);
}
