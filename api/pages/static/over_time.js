// Answers over time as columns. The parts differ by pattern, not only by colour, and a table has the figures.
import {element, svg} from "./dom.js";

const DECISIONS = ["recommend", "stay", "abstain"];
const HEIGHT = 150;
const HOUR = 3_600_000;

/** Return the chart of logged answers, its legend and its table. */
export function overTime(found, days, {text, formats}) {
  if (found === null) return [element("p", {}, [text("operate.no_log_chart")])];
  if (found.periods.length === 0) return [element("p", {}, [text("operate.no_answers")])];
  const isHourly = found.period === "hour";
  const label = (time) => (isHourly ? `${time.slice(0, 10)} ${time.slice(11, 13)}:00` : formats.date(time));
  const names = columnNames(days, isHourly);
  const byTime = new Map(found.periods.map((period) => [period.time, period]));
  const most = Math.max(...found.periods.map((period) => DECISIONS.reduce((sum, name) => sum + period[name], 0)));
  const totals = Object.fromEntries(DECISIONS.map((name) => [name, found.periods.reduce((sum, period) => sum + period[name], 0)]));
  const words = DECISIONS.map((name) => `${text(`operate.${name}`)} ${formats.number(totals[name])}`).join(", ");
  return [
    ...(found.is_complete ? [] : [element("p", {class: "hint"}, [text("operate.newest_only")])]),
    element("figure", {}, [
      element("ul", {class: "legend", "aria-hidden": "true"}, DECISIONS.map((name) => element("li", {}, [swatch(name), `${text(`operate.${name}`)} ${formats.number(totals[name])}`]))),
      columns(names.map((name) => byTime.get(name)), most, text("operate.chart_label", {words})),
      element("figcaption", {class: "ends"}, [element("span", {}, [label(names[0])]), element("span", {}, [text("operate.most", {n: formats.number(most)})]), element("span", {}, [label(names.at(-1))])]),
    ]),
    element("details", {}, [element("summary", {}, [text("operate.as_table")]), table(found.periods, label, {text, formats})]),
  ];
}

/** Return the beginnings of all hours or days, also of those without answers; times are UTC, as in the log. */
function columnNames(days, isHourly) {
  const step = isHourly ? HOUR : 24 * HOUR;
  const length = isHourly ? 13 : 10;
  const number = isHourly ? 24 * days : days;
  return Array.from({length: number + 1}, (_, at) => new Date(Date.now() - (number - at) * step).toISOString().slice(0, length));
}

function columns(periods, most, label) {
  const width = 100 / periods.length;
  const drawn = [...patterns()];
  periods.forEach((period, at) => {
    if (period === undefined) return;
    let top = HEIGHT;
    for (const name of DECISIONS) {
      const height = (HEIGHT * period[name]) / most;
      if (height === 0) continue;
      top -= height;
      drawn.push(svg("rect", {class: name, x: `${at * width + 0.1 * width}%`, width: `${0.8 * width}%`, y: top.toFixed(2), height: height.toFixed(2), ...filled(name)}));
    }
  });
  drawn.push(svg("line", {class: "base", x1: 0, x2: "100%", y1: HEIGHT, y2: HEIGHT}));
  return svg("svg", {class: "columns", role: "img", "aria-label": label, width: "100%", height: HEIGHT + 1}, drawn);
}

function swatch(name) {
  return svg("svg", {class: "columns swatch", width: 16, height: 16}, [svg("rect", {class: name, width: 16, height: 16, ...filled(name)})]);
}

const filled = (name) => (name === "recommend" ? {} : {fill: `url(#of-${name})`});

function* patterns() {
  const shape = {width: 6, height: 6, patternUnits: "userSpaceOnUse"};
  yield svg("pattern", {id: "of-stay", ...shape, patternTransform: "rotate(45)"}, [svg("rect", {class: "ground", width: 6, height: 6}), svg("rect", {class: "stripe", width: 3, height: 6})]);
  yield svg("pattern", {id: "of-abstain", ...shape}, [svg("rect", {class: "ground", width: 6, height: 6}), svg("circle", {class: "dot", cx: 3, cy: 3, r: 1.5})]);
}

function table(periods, label, {text, formats}) {
  const caption = text("operate.over_time");
  return element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption}, [element("table", {}, [
    element("thead", {}, [element("tr", {}, [text("operate.time"), ...DECISIONS.map((name) => text(`operate.${name}`))].map((head) => element("th", {scope: "col"}, [head])))]),
    element("tbody", {}, periods.map((period) => element("tr", {}, [
      element("th", {scope: "row"}, [label(period.time)]), ...DECISIONS.map((name) => element("td", {class: "number"}, [formats.number(period[name])])),
    ]))),
  ])]);
}
