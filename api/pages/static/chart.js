// Bars and intervals as SVG. They can be read without colour: extras are hatched, intervals are lines with ends,
// and every chart has its figures in words.
import {svg} from "./dom.js";

const HEIGHT = 24;
let patterns = 0;

const share = (value, most) => `${Math.max(0, Math.min(100, (100 * value) / most)).toFixed(2)}%`;

/**
 * Return a bar of parts with an interval.
 *
 * parts: [{value, kind}] from left to right; `kind` is a class of app.css: "fee" or "extras" (hatched).
 * low, high: the ends of the interval, or null. most: the value of the whole width. label: the figures in words.
 */
export function stackedBar({parts, low = null, high = null, most, label}) {
  const drawn = [svg("rect", {class: "track", y: 4, width: "100%", height: HEIGHT - 8, rx: 3})];
  const hatch = `hatch-${(patterns += 1)}`;
  drawn.push(svg("pattern", {id: hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"}, [
    svg("rect", {class: "extras", width: 5, height: 5}), svg("rect", {class: "hatch", width: 1.6, height: 5}),
  ]));
  let from = 0;
  for (const {value, kind} of parts) {
    const shape = {x: share(from, most), width: share(Math.max(0, value), most), y: 4, height: HEIGHT - 8};
    drawn.push(svg("rect", kind === "extras" ? {...shape, fill: `url(#${hatch})`} : {...shape, class: kind}));
    from += Math.max(0, value);
  }
  if (low !== null && high !== null) drawn.push(...interval(share(low, most), share(high, most)));
  return svg("svg", {class: "bar", role: "img", "aria-label": label, height: HEIGHT, width: "100%"}, drawn);
}

/**
 * Return a point with its interval on a common scale, for lists of runs.
 *
 * range: [least, most] of the scale. reference: a value to compare with, drawn as a dashed line, or null.
 */
export function intervalPlot({value, low = null, high = null, range: [least, most], reference = null, label}) {
  const place = (amount) => share(amount - least, most - least);
  const drawn = [svg("line", {class: "axis", x1: "0%", x2: "100%", y1: HEIGHT / 2, y2: HEIGHT / 2})];
  if (reference !== null) {
    drawn.push(svg("line", {class: "reference", x1: place(reference), x2: place(reference), y1: 0, y2: HEIGHT}));
  }
  if (low !== null && high !== null) drawn.push(...interval(place(low), place(high)));
  drawn.push(svg("circle", {class: "point", cx: place(value), cy: HEIGHT / 2, r: 4.5}));
  return svg("svg", {class: "bar", role: "img", "aria-label": label, height: HEIGHT, width: "100%"}, drawn);
}

/** Yield the lines of an interval; the wide one behind separates them from the bar. */
function interval(low, high) {
  const middle = HEIGHT / 2;
  return ["whisker behind", "whisker"].flatMap((kind) => [
    svg("line", {class: kind, x1: low, x2: high, y1: middle, y2: middle}),
    svg("line", {class: kind, x1: low, x2: low, y1: middle - 5, y2: middle + 5}),
    svg("line", {class: kind, x1: high, x2: high, y1: middle - 5, y2: middle + 5}),
  ]);
}
