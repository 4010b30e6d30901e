// The answer: the verdict, what it costs to change, the bill on every plan, and the reasons.
import {stackedBar} from "./chart.js";
import {element, svg} from "./dom.js";

const MONTHS_OF_A_YEAR = 12;
const ICONS = {
  recommend: "M4 12h13m-5-5 5 5-5 5",
  stay: "M5 12.5l4.5 4.5L19 7.5",
  abstain: "M12 6v8m0 3.5v.5",
};

/** Return the card of the answer: `element`, `show(answer, facts, usage, ms)`, `showProblem(messages)`, `spoken(...)`. */
export function answerCard(context) {
  const {text} = context;
  const problem = element("div", {role: "alert"});
  const figures = element("div", {"data-figures": true});
  const card = element("section", {class: "card answer", "aria-labelledby": "answer-title"}, [
    element("h2", {id: "answer-title", class: "hidden"}, [text("adviser.advice")]), problem, figures,
  ]);
  // On a phone the answer is below the form: its headline stays at the edge of the screen while it is not in view.
  const peek = element("p", {class: "peek", "aria-hidden": "true", hidden: true});
  card.append(peek);
  new IntersectionObserver(([seen]) => { peek.hidden = seen.isIntersecting || peek.textContent === ""; }).observe(figures);
  return {
    element: card,
    show: (answer, facts, usage, ms) => {
      problem.replaceChildren();
      const shown = new Shown(context, answer, facts);
      peek.textContent = shown.brief();
      figures.replaceChildren(element("p", {class: "on-paper"}, [usage]), ...shown.parts(), shown.source(ms));
    },
    showProblem: (messages) => {
      problem.replaceChildren(element("div", {class: "notice bad"}, messages.map((message) => element("p", {}, [message]))));
    },
    spoken: (answer, facts) => new Shown(context, answer, facts).spoken(),
  };
}

/** One answer in words and bars. */
class Shown {
  constructor({text, formats, language}, answer, facts) {
    Object.assign(this, {text, formats, language, answer, facts});
    this.first = answer.items.find((item) => item.rank === 1) ?? null;
    this.held = answer.current?.plan_id ?? null;
    this.hasBills = answer.currency !== null && answer.items.some((item) => item.expected_bill !== null);
  }

  money(amount) { return this.formats.money(amount, this.answer.currency); }
  name(plan) { return this.facts.plans.get(plan)?.name ?? plan; }

  parts() {
    return [this.verdict(), this.doubts(), ...(this.hasBills ? [this.terms(), this.plans(), this.legend()] : []), this.reasons()].filter(Boolean);
  }

  verdict() {
    const {decision, sentence} = this.answer;
    return element("div", {class: `verdict ${decision}`}, [
      svg("svg", {class: "icon", viewBox: "0 0 24 24", width: 28, height: 28, "aria-hidden": "true"}, [svg("path", {d: ICONS[decision]})]),
      element("div", {}, [
        element("p", {class: "tag"}, [this.tag()]),
        element("p", {class: "headline"}, this.headline()),
        element("p", {class: "sentence"}, [sentence]),
      ]),
    ]);
  }

  /** Reasons to doubt the answer: what is not known, and what is unlike the data that the run was trained on. */
  doubts() {
    const {assumptions} = this.answer;
    if (assumptions.length === 0) return null;
    return element("div", {class: "notice"}, assumptions.map((code) => element("p", {}, [this.text(`adviser.assumes_${code}`)])));
  }

  tag() {
    if (this.answer.decision === "recommend") return this.text("adviser.change_to", {plan: this.name(this.answer.advised)});
    return this.text(`adviser.${this.answer.decision}`);
  }

  headline() {
    const {decision} = this.answer;
    if (decision === "stay") return [this.text("adviser.keep", {plan: this.name(this.held)})];
    if (decision === "abstain") return [this.text("adviser.not_enough")];
    const saving = Number(this.first.expected_saving ?? NaN);
    if (!(saving > 0)) return [this.text("adviser.fits_best", {plan: this.name(this.answer.advised)})];
    const aYear = this.formats.wholeMoney(this.firstYear(saving), this.answer.currency);
    return [
      element("b", {}, [this.text("adviser.save", {amount: this.money(saving)})]),
      element("span", {class: "a-year"}, [this.text("adviser.a_year", {amount: aYear})]),
    ];
  }

  /** The cost of changing, which the saving spreads over the months of the forecast, is paid once. */
  firstYear(saving) {
    const difference = Number(this.answer.current.expected_bill) - Number(this.first.expected_bill);
    const months = this.facts.run.horizon || 1;
    return MONTHS_OF_A_YEAR * difference - months * (difference - saving);
  }

  brief() {
    const headline = this.headline()[0];
    return this.answer.decision === "recommend" ? `${this.tag()} · ${headline.textContent ?? headline}` : headline;
  }

  spoken() {
    return `${this.tag()}. ${this.answer.sentence}`;
  }

  /** The saving's range, the cost of changing and the time for which the new plan binds. */
  terms() {
    const {answer, facts} = this;
    if (answer.decision === "abstain") return null;
    const rows = [];
    const compared = answer.decision === "recommend" ? this.first : this.bestOther();
    if (compared?.saving_p10 != null) {
      const key = answer.decision === "recommend" ? "saving_range" : "other_range";
      rows.push([this.text(`adviser.${key}`, {plan: this.name(compared.plan_id)}), this.range(compared)]);
    }
    if (answer.advised !== null) {
      const plan = facts.plans.get(answer.advised);
      rows.push([this.text("adviser.switching"), this.switching(plan)]);
      const months = plan.contract.commitment_months;
      rows.push([this.text("adviser.binds"), months ? this.text("adviser.months_bound", {n: months}) : this.text("adviser.not_bound")]);
    }
    return rows.length === 0 ? null : element("dl", {class: "terms"}, rows.flatMap(([term, value]) => [
      element("div", {}, [element("dt", {}, [term]), element("dd", {}, [value])]),
    ]));
  }

  range({saving_p10: low, saving_p90: high}) {
    return this.text("adviser.between", {low: this.money(low), high: this.money(high)});
  }

  bestOther() {
    return this.answer.items.find((item) => item.plan_id !== this.held) ?? null;
  }

  switching(plan) {
    const parts = [];
    if (Number(plan.fee.activation) > 0) parts.push(this.text("adviser.activation", {amount: this.money(plan.fee.activation)}));
    const left = this.facts.plans.get(this.held);
    const exit = Number(left?.contract.early_termination_fee ?? 0);
    if (left?.contract.commitment_months && exit > 0) parts.push(this.text("adviser.exit", {amount: this.money(exit), plan: left.name}));
    return parts.length > 0 ? parts.join(" · ") : this.text("adviser.free");
  }

  plans() {
    const {items} = this.answer;
    const most = Math.max(...items.map((item) => Number(item.bill_p90 ?? item.expected_bill))) * 1.03;
    const heads = ["plan", "bill", "bar", "saving", "cheaper"].map((name) =>
      element("th", {scope: "col", role: "columnheader", class: `of-${name}`}, [this.text(`adviser.${name}`)]));
    return element("div", {}, [
      element("h3", {id: "plans-title"}, [this.text("adviser.plans")]),
      element("table", {role: "table", class: "plans", "aria-labelledby": "plans-title"}, [
        element("caption", {}, [this.text("adviser.caption", {n: this.facts.run.horizon || 1})]),
        element("thead", {role: "rowgroup"}, [element("tr", {role: "row"}, heads)]),
        element("tbody", {role: "rowgroup"}, items.map((item) => this.row(item, most))),
      ]),
    ]);
  }

  row(item, most) {
    const isAdvised = item.plan_id === this.answer.advised;
    const isHeld = item.plan_id === this.held;
    const pill = isAdvised ? ["pill good", "advised"] : isHeld ? ["pill", "today"] : null;
    const cell = (name, children, label = null) => element("td", {role: "cell", class: `of-${name}`, "data-label": label}, children);
    const saving = isHeld || item.expected_saving === null ? "–" : this.money(item.expected_saving);
    const cheaper = isHeld || item.prob_cheaper === null ? "–" : this.formats.chance(item.prob_cheaper);
    return element("tr", {role: "row", class: isAdvised ? "advised" : isHeld ? "held" : null}, [
      element("th", {scope: "row", role: "rowheader", class: "of-plan"}, [
        element("span", {}, [this.name(item.plan_id)]), ...(pill ? [" ", element("span", {class: pill[0]}, [this.text(`adviser.${pill[1]}`)])] : []),
      ]),
      cell("bill", [this.money(item.expected_bill)]),
      cell("bar", [this.bar(item, most)]),
      cell("saving", [saving], this.text("adviser.saving")),
      cell("cheaper", [cheaper], this.text("adviser.cheaper_short")),
    ]);
  }

  bar({fee, extras, bill_p10: low, bill_p90: high}, most) {
    const figures = this.text("adviser.bar_words", {fee: this.money(fee), extras: this.money(extras)});
    const interval = low === null ? "" : `, ${this.text("adviser.bill_range", {low: this.money(low), high: this.money(high)})}`;
    return stackedBar({
      parts: [{value: Number(fee), kind: "fee"}, {value: Number(extras), kind: "extras"}],
      low: low === null ? null : Number(low), high: high === null ? null : Number(high), most, label: figures + interval,
    });
  }

  legend() {
    const key = (kind, drawn) => [svg("svg", {class: "bar key", width: 22, height: 14, "aria-hidden": "true"}, drawn), this.text(`adviser.${kind}`)];
    const hatched = [svg("rect", {class: "extras", width: 22, height: 12, y: 1, rx: 2}), ...[4, 10, 16].map((x) => svg("path", {class: "hatch-line", d: `M${x} 13l6-12`}))];
    const whisker = [svg("path", {class: "whisker", d: "M1 7h20M1 2v10M21 2v10"})];
    return element("p", {class: "legend"}, [
      element("span", {}, key("fee", [svg("rect", {class: "fee", width: 22, height: 12, y: 1, rx: 2})])),
      element("span", {}, key("extras", hatched)),
      ...(this.answer.items.some((item) => item.bill_p10 !== null) ? [element("span", {}, key("eight_of_ten", whisker))] : []),
    ]);
  }

  reasons() {
    // Of an abstention the sentence has the reason; those of a plan would read as advice.
    if (this.answer.decision === "abstain" || this.first.reasons.length === 0) return null;
    return element("div", {}, [
      element("h3", {}, [this.text("adviser.why")]),
      element("ul", {class: "reasons"}, this.first.reasons.map((reason) => element("li", {}, [reason.sentence]))),
    ]);
  }

  /** Name the run and the catalogue, with their dates: nothing is shown without them. */
  source(ms) {
    const {answer, facts, formats} = this;
    const starts = facts.catalogue.plans.map((plan) => plan.valid_for.start).filter((day) => day <= answer.as_of).sort();
    const parts = [
      this.text("adviser.prices", {catalogue: `${facts.catalogue.catalogue_id} ${facts.catalogue.version}`}),
      ...(starts.length > 0 ? [this.text("adviser.prices_since", {date: formats.date(starts.at(-1))})] : []),
      this.text("adviser.run", {run: facts.run.run_id, date: formats.date(facts.run.finished)}),
      this.text("adviser.as_of", {date: formats.date(answer.as_of)}),
      this.text("adviser.took", {ms: formats.number(ms)}),
    ];
    return element("p", {class: "source"}, [parts.join(" · ")]);
  }
}
