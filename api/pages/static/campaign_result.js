// The figures of a finished campaign.
import {element} from "./dom.js";
import {intervalPlot, stackedBar} from "./chart.js";
import {lengthOf} from "./campaign_message.js";

/** Return the figures of a job; `download(path)` fetches a file of it. */
export function campaignResult({text, formats, language}, {job, planNames, download, remove}) {
  const {summary} = job;
  const {figures, currency} = summary;
  const money = (amount) => formats.wholeMoney(amount, currency);
  const range = ({low, high}) => text("campaign.range", {low: money(low), high: money(high)});
  const count = (value) => formats.number(value);
  const share = (value) => (value === null ? "–" : formats.percent(value));

  const tile = (key, value, note) =>
    element("div", {class: "tile"}, [
      element("dt", {}, [text(`campaign.${key}`)]),
      element("dd", {}, [element("strong", {}, [value]), ...(note ? [element("span", {class: "hint"}, [note])] : [])]),
    ]);
  const tiles = element("dl", {class: "tiles"}, [
    tile("tile_advised", count(figures.advised), text("campaign.of_all", {n: count(figures.subscribers)})),
    tile("tile_contacted", count(figures.contacted)),
    tile("tile_held_out", count(figures.held_out), text("campaign.held_out_note")),
    tile("tile_below", share(figures.below_zero_at_p10), text(figures.below_zero_at_p10 === null ? "campaign.no_forecast" : "campaign.below_note")),
  ]);

  const least = Math.min(0, figures.saving.low, figures.revenue.low);
  const most = Math.max(0, figures.saving.high, figures.revenue.high);
  const scale = [least, most === least ? least + 1 : most];
  const totals = element("div", {class: "totals"}, ["saving", "revenue"].map((name) => {
    const total = figures[name];
    const words = `${text(`campaign.total_${name}`)}: ${money(total.value)}, ${range(total)}`;
    return element("div", {}, [
      element("p", {}, [text(`campaign.total_${name}`), ": ", element("strong", {}, [money(total.value)]), " ", element("span", {class: "hint"}, [range(total)])]),
      intervalPlot({value: total.value, low: total.low, high: total.high, range: scale, reference: 0, label: words}),
    ]);
  }));

  return element("section", {class: "card result", "data-figures": "", "aria-labelledby": "result-title"}, [
    element("h2", {id: "result-title", tabindex: -1}, [
      figures.contacted > 0
        ? text("campaign.headline", {n: count(figures.contacted), saving: money(figures.saving.value)})
        : text("campaign.headline_none"),
    ]),
    element("p", {class: "hint"}, [text("campaign.totals_note", {file: job.months_file})]),
    element("div", {class: "row"}, [
      button("download_advice", () => download("advice.csv"), "primary"),
      button("download_manifest", () => download("manifest")),
      button("remove", remove),
    ]),
    ...unmatched(),
    tiles,
    totals,
    ...refusedRows(),
    ...excluded(),
    ...groups("by_plan", figures.by_plan.map((part) => ({...part, name: planNames.get(part.name) ?? part.name})), "advised_column"),
    ...groups("by_segment", figures.by_segment, "all_column"),
    ...groups("by_channel", figures.by_channel, "all_column"),
    ...groups("by_decile", figures.by_decile, null),
    ...messages(),
    ...notes(),
  ]);

  function button(key, action, kind = null) {
    return element("button", {type: "button", class: kind, click: action}, [text(`campaign.${key}`)]);
  }

  function table(caption, heads, rows) {
    return element("div", {class: "scroll", tabindex: 0, role: "group", "aria-label": caption}, [
      element("table", {}, [
        element("caption", {}, [element("h3", {}, [caption])]),
        element("thead", {}, [element("tr", {}, heads.map(([name, kind]) => element("th", {scope: "col", class: kind}, [name])))]),
        element("tbody", {}, rows),
      ]),
    ]);
  }

  function excluded() {
    const codes = Object.entries(figures.excluded);
    if (codes.length === 0) return [];
    const rows = codes.map(([code, n]) => element("tr", {}, [
      element("th", {scope: "row"}, [codeText(code)]), element("td", {class: "number"}, [count(n)]),
      element("td", {class: "drawn"}, [stackedBar({parts: [{value: n, kind: "fee"}], most: figures.subscribers, label: `${codeText(code)}: ${count(n)}`})]),
    ]));
    return [table(text("campaign.excluded"), [[text("campaign.rule")], [text("campaign.subscribers"), "number"], [text("campaign.share"), "drawn"]], rows)];
  }

  function codeText(code) {
    const [, days] = code.match(/^window_(\d+)$/) ?? [];
    return days ? text("campaign.code_window", {n: days}) : text(`campaign.code_${code}`);
  }

  function groups(key, parts, column) {
    if (parts.length === 0) return [];
    const widest = Math.max(...parts.map((part) => part.saving.value), 1e-9);
    const named = parts.map((part) => ({...part, name: part.name ?? text("campaign.others")}));
    const rows = named.map(({name, saving, ...part}) => element("tr", {}, [
      element("th", {scope: "row"}, [name]),
      ...(column ? [element("td", {class: "number"}, [count(part.subscribers)])] : []),
      element("td", {class: "number"}, [count(part.contacted)]), element("td", {class: "number"}, [money(saving.value), " ", element("span", {class: "hint"}, [range(saving)])]),
      element("td", {class: "number"}, [share(part.below_zero_at_p10)]),
      element("td", {class: "drawn"}, [stackedBar({parts: [{value: Math.max(saving.value, 0), kind: "fee"}], most: widest, label: `${name}: ${money(saving.value)}`})]),
    ]));
    const heads = [[text(`campaign.${key}_column`)], ...(column ? [[text(`campaign.${column}`), "number"]] : []), [text("campaign.contacted_column"), "number"], [text("campaign.saving_column"), "number"], [text("campaign.below_column"), "number"], [text("campaign.share"), "drawn"]];
    return [table(text(`campaign.${key}`), heads, rows)];
  }

  /** A file that matches no subscriber has no effect: those who objected would be contacted. */
  function unmatched() {
    return ["do_not_contact", "contact_history"]
      .filter((name) => summary[name] !== null && summary[name].matched === 0 && summary[name].entries > 0)
      .map((name) => element("p", {class: "notice bad", role: "alert"}, [text(`campaign.unmatched_${name}`, {entries: count(summary[name].entries)})]));
  }

  function refusedRows() {
    if (summary.refused_subscribers === 0) return [];
    return [element("details", {class: "notice", open: true}, [
      element("summary", {}, [text("campaign.refused", {n: count(summary.refused_subscribers)})]),
      element("ul", {}, summary.refused.map(({reason}) => element("li", {lang: "en"}, [reason]))),
    ])];
  }

  function messages() {
    const shown = Object.entries(summary.preview);
    if (shown.length === 0) return [];
    return [
      element("h3", {}, [text("campaign.first_message")]),
      ...shown.map(([one, message]) => {
        const {units, most: room} = lengthOf(message);
        return element("figure", {class: "sent"}, [
          element("blockquote", {class: "message", lang: one}, [message]),
          element("figcaption", {}, [text(`campaign.language_${one}`), ", ", text("campaign.length", {units, most: room})]),
        ]);
      }),
    ];
  }

  function notes() {
    const uses = ["do_not_contact", "contact_history"].filter((name) => summary[name] !== null)
      .map((name) => text(`campaign.use_${name}`, {entries: count(summary[name].entries), matched: count(summary[name].matched)}));
    const all = [...uses, ...summary.notes, text("campaign.kept_until", {time: formats.time(job.expires_at)})];
    return [element("ul", {class: "hint notes", lang: language}, all.map((note) => element("li", {}, [note])))];
  }
}
