// The form of the adviser: the plan held, and usage from sliders or from months that the reader has.
import {element} from "./dom.js";
import {fieldError} from "./messages.js";
import {monthsFromText, monthsLike} from "./months.js";

const STORED = "planrec.adviser";
const SLIDERS = [
  {name: "data", max: 60, step: 0.5, value: 17},
  {name: "minutes", max: 1500, step: 10, value: 440},
  {name: "sms", max: 200, step: 1, value: 35},
  {name: "vary", max: 60, step: 5, value: 15},
];

/**
 * Return the form: `element`, `request()`, `sendAgain()`, `summary()`, `showPlans(facts)` and
 * `showProblems(problem)`, which writes each message beside its field and returns the others. `onChange` gets the
 * request after every change.
 */
export function usageForm(context, facts, onChange) {
  const {text, formats} = context;
  const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "{}");
  const held = element("select", {id: "held", "aria-describedby": "held-error"});
  const heldError = element("p", {id: "held-error", class: "error", hidden: true});
  const sliders = SLIDERS.map((slider) => sliderField(slider, stored[slider.name] ?? slider.value, shown));
  const pasted = pastedField(context, () => changed());
  const modes = modeChoice(text, (mode) => { showMode(mode); changed(); });
  const bySlider = element("div", {class: "fields"}, [
    ...sliders.map((slider) => slider.element), element("p", {class: "hint"}, [text("adviser.six_months")]),
  ]);
  const form = element("form", {class: "card usage", "aria-labelledby": "usage-title"}, [
    element("h2", {id: "usage-title"}, [text("adviser.usage")]),
    element("div", {class: "field"}, [element("label", {for: "held"}, [text("adviser.held")]), held, heldError]),
    modes.element, bySlider, pasted.element,
    element("p", {class: "hint"}, [text("adviser.preview")]),
  ]);

  function shown({name}, value) {
    if (name === "vary") return `± ${formats.percent(value / 100)}`;
    const digits = name === "data" && value % 1 ? 1 : 0;
    const unit = name === "data" ? facts.catalogue.data_unit.name : text(`adviser.unit_${name}`);
    return `${formats.number(value, digits)} ${unit}`;
  }

  function showPlans(newFacts) {
    facts = newFacts;
    const {catalogue} = facts;
    const before = held.options.length > 0 ? held.value : stored.held;
    const plans = [...catalogue.plans].sort((one, other) => one.fee.recurring - other.fee.recurring);
    held.replaceChildren(
      ...plans.map((plan) => new Option(`${plan.name} · ${formats.money(plan.fee.recurring, catalogue.currency)}`, plan.id)),
      new Option(text("adviser.held_unknown"), ""),
    );
    held.value = before === "" || facts.plans.has(before) ? before : plans[0].id;
  }

  function showMode(mode) {
    bySlider.hidden = mode !== "sliders";
    pasted.element.hidden = mode === "sliders";
  }

  function request() {
    const values = Object.fromEntries(sliders.map((slider) => [slider.name, slider.value()]));
    sessionStorage.setItem(STORED, JSON.stringify({...values, held: held.value}));
    const months = modes.value() === "sliders" ? monthsLike(values, facts) : pasted.months(facts.columns);
    return months && {plan_held: held.value || null, months, attributes: facts.example.attributes ?? {}};
  }

  function changed() {
    for (const slider of sliders) slider.update();
    const asked = request();
    if (asked) onChange(asked);
  }

  function showProblems(problem) {
    const isPasted = modes.value() !== "sliders";
    const ofPlan = problem?.at("/plan_held") ?? [];
    const ofMonths = (isPasted && problem?.at("/months")) || [];
    fieldError(held, heldError, ofPlan.map(({detail}) => detail));
    if (isPasted) pasted.showErrors(ofMonths);
    if (problem === null) return [];
    if (problem.errors.length === 0) return [problem.message];
    const others = problem.errors.filter((error) => !ofPlan.includes(error) && !ofMonths.includes(error));
    return others.map(({pointer, detail}) => `${pointer}: ${detail}`);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  held.addEventListener("change", changed);
  for (const slider of sliders) slider.element.addEventListener("input", changed);
  showPlans(facts);
  showMode("sliders");
  for (const slider of sliders) slider.update();
  return {element: form, request, sendAgain: changed, showPlans, showProblems, summary};

  /** Return plan and usage in words, for paper, where the form is not shown. */
  function summary() {
    const plan = `${text("adviser.held")}: ${held.selectedOptions[0].text}`;
    if (modes.value() !== "sliders") return `${plan} · ${text("adviser.mode_months")}`;
    const usage = sliders.map(({name, output}) => `${text(`adviser.${name}`)}: ${output.textContent}`);
    return [plan, ...usage].join(" · ");
  }

  function sliderField(slider, value, describe) {
    const id = `usage-${slider.name}`;
    const input = element("input", {id, type: "range", min: 0, max: slider.max, step: slider.step});
    input.value = value;
    const output = element("output", {for: id});
    return {
      name: slider.name,
      output,
      value: () => Number(input.value),
      update: () => {
        output.textContent = describe(slider, Number(input.value));
        input.setAttribute("aria-valuetext", output.textContent);
      },
      element: element("div", {class: "field slider"}, [
        element("label", {for: id}, [text(`adviser.${slider.name}`)]), output, input,
      ]),
    };
  }
}

/** Return two radio buttons: sliders, or months of one's own. */
function modeChoice(text, onChoice) {
  const group = element("fieldset", {class: "choice"}, [element("legend", {class: "hidden"}, [text("adviser.mode")])]);
  for (const mode of ["sliders", "months"]) {
    const input = element("input", {type: "radio", name: "mode", value: mode, id: `mode-${mode}`, checked: mode === "sliders"});
    group.append(input, element("label", {for: `mode-${mode}`}, [text(`adviser.mode_${mode}`)]));
  }
  const value = () => group.querySelector(":checked").value;
  group.addEventListener("change", () => onChoice(value()));
  return {element: group, value};
}

/** Return the field for months that the reader has: a text area and a button for a file. */
function pastedField({text}, onChange) {
  const area = element("textarea", {id: "months", rows: 8, spellcheck: "false", "aria-describedby": "months-hint months-error", placeholder: "month,voice_calls,voice_minutes,sms,data_mib\n2026-01,58,410.5,31,16900"});
  const hint = element("p", {id: "months-hint", class: "hint"}, [text("adviser.months_hint")]);
  const error = element("p", {id: "months-error", class: "error", hidden: true});
  const file = element("input", {type: "file", id: "months-file", accept: ".csv,.tsv,.txt,text/csv"});
  let rows = [];
  let typing = 0;
  area.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(onChange, 250);
  });
  file.addEventListener("change", async () => {
    if (file.files.length === 0) return;
    area.value = await file.files[0].text();
    onChange();
  });
  return {
    element: element("div", {class: "fields", hidden: true}, [
      element("div", {class: "field"}, [element("label", {for: "months"}, [text("adviser.months")]), area, error, hint]),
      element("div", {class: "field"}, [element("label", {for: "months-file"}, [text("adviser.months_file")]), file]),
    ]),
    months: (columns) => {
      if (area.value.trim() === "") {
        fieldError(area, error, []);
        return null;
      }
      const read = monthsFromText(area.value, columns);
      rows = read.lines;
      fieldError(area, error, read.problems.map(({key, ...values}) => text(`adviser.${key}`, values)));
      return read.problems.length > 0 ? null : read.months;
    },
    showErrors: (errors) => fieldError(area, error, errors.map(({pointer, detail}) => {
      const [, , row, column] = pointer.split("/");
      return row === undefined ? detail : text("adviser.in_line", {line: rows[row], column: column ?? "", detail});
    })),
  };
}
