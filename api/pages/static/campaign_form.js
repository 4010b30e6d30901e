// The form of a campaign: files, rules, own texts with their preview.
import {element} from "./dom.js";
import {fieldError} from "./messages.js";
import {example, lengthOf, messageMoney, PLACEHOLDERS, unknownPlaceholders} from "./campaign_message.js";

const FILES = ".csv,.parquet,.xlsx";
const LANGUAGES = ["en", "es"];
// Field -> JSON pointer of its value in the problems of the server.
const POINTERS = {
  months: "/months", do_not_contact: "/do_not_contact", contact_history: "/contact_history",
  minimum_saving: "/settings/minimum_saving", cap: "/settings/cap", holdout: "/settings/holdout",
  any_contact: "/settings/cool_down_days", week: "/settings/windows", channel_column: "/settings/channel_column",
  segment_column: "/settings/segment_column", template_en: "/settings/templates/en", template_es: "/settings/templates/es",
};

/**
 * Return the form: {form, body(), showProblem(problem), setBusy(isBusy)}.
 *
 * sample: {plan, plan_held, currency} for the preview of messages. onSubmit: called when the form is complete.
 */
export function campaignForm({text, language}, {sample, onSubmit}) {
  const fields = {};
  const field = (name, input, {hint = null, label = text(`campaign.${name}`)} = {}) => {
    const error = element("p", {id: `${name}-error`, class: "error", hidden: true});
    const described = [hint && `${name}-hint`, `${name}-error`].filter(Boolean).join(" ");
    input.setAttribute("id", name);
    input.setAttribute("name", name);
    input.setAttribute("aria-describedby", described);
    fields[name] = {input, error};
    return element("div", {class: "field"}, [
      element("label", {for: name}, [label]), input,
      ...(hint ? [element("p", {id: `${name}-hint`, class: "hint"}, [hint])] : []), error,
    ]);
  };
  const number = (name, attributes, hint) =>
    field(name, element("input", {type: "number", inputmode: "decimal", min: 0, ...attributes}), {hint: hint ? text(`campaign.${name}_hint`) : null});
  const file = (name, hint) => field(name, element("input", {type: "file", accept: FILES}), {hint: hint ? text(`campaign.${name}_hint`) : null});
  const words = (name) => field(name, element("input", {type: "text", autocomplete: "off"}), {hint: text(`campaign.${name}_hint`)});

  const submit = element("button", {class: "primary", type: "submit"}, [text("campaign.start")]);
  const message = element("select", {}, LANGUAGES.map((one) => element("option", {value: one, selected: one === language}, [text(`campaign.language_${one}`)])));
  const leavesOut = element("input", {type: "checkbox", id: "on_bad_rows", name: "on_bad_rows", checked: true});
  const group = (key, children, isOpen = true) =>
    element("details", {open: isOpen}, [element("summary", {}, [element("h3", {}, [text(`campaign.${key}`)])]), ...children]);
  const form = element("form", {class: "card campaign-form", novalidate: true, "aria-labelledby": "campaign-form-title"}, [
    element("h2", {id: "campaign-form-title"}, [text("campaign.settings")]),
    dropZone(text, file("months", true), () => fields.months.input),
    group("group_whom", [
      element("div", {class: "pair"}, [
        number("minimum_saving", {step: "any", value: 2}), number("cap", {step: 1, min: 1}),
      ]),
      number("holdout", {step: "any", max: 99, value: 5}, true),
      file("do_not_contact", true),
    ]),
    group("group_contacts", [
      file("contact_history", true),
      element("div", {class: "pair"}, [number("any_contact", {step: 1, min: 1}), number("week", {step: 1, min: 1}), number("month", {step: 1, min: 1})]),
    ], false),
    group("group_columns", [words("segment_column"), words("channel_column")], false),
    group("group_message", [
      field("message_language", message),
      element("p", {class: "hint"}, [text("campaign.template_hint", {names: PLACEHOLDERS.map((name) => `{${name}}`).join(", ")})]),
      ...LANGUAGES.map((one) => template(one)),
    ]),
    element("p", {class: "row check"}, [leavesOut, element("label", {for: "on_bad_rows"}, [text("campaign.on_bad_rows")])]),
    element("p", {class: "error", id: "form-error", role: "alert", hidden: true}),
    element("div", {class: "row"}, [submit]),
  ]);

  function template(one) {
    const preview = element("output", {class: "message", lang: one, for: `template_${one}`});
    const length = element("span", {class: "hint length"});
    const area = element("textarea", {rows: 3, lang: one, input: () => write()});
    const values = {
      plan: sample.plan, plan_held: sample.plan_held, saving: messageMoney(12.4, sample.currency, one),
      saving_year: messageMoney(148.8, sample.currency, one), bill: messageMoney(30.5, sample.currency, one),
      bill_held: messageMoney(42.9, sample.currency, one),
    };
    const write = () => {
      const filled = example(area.value, values);
      const {units, most} = lengthOf(filled);
      preview.textContent = area.value.trim() ? filled : text("campaign.own_sentence");
      length.textContent = area.value.trim() ? text("campaign.length", {units, most}) : "";
      const unknown = unknownPlaceholders(area.value);
      fieldError(area, fields[`template_${one}`].error, [
        ...(unknown.length > 0 ? [text("campaign.unknown_placeholder", {names: unknown.join(", ")})] : []),
        ...(units > most ? [text("campaign.too_long", {most})] : []),
      ]);
    };
    const made = field(`template_${one}`, area);
    made.append(preview, length);
    write();
    return made;
  }

  function settings() {
    const value = (name) => fields[name].input.value.trim();
    const given = (name) => (value(name) === "" ? {} : {[name]: value(name)});
    const whole = (name) => (value(name) === "" ? null : Number(value(name)));
    const windows = [["week", 7], ["month", 30]].filter(([name]) => value(name)).map(([name, days]) => ({days, at_most: whole(name)}));
    const templates = Object.fromEntries(LANGUAGES.filter((one) => value(`template_${one}`)).map((one) => [one, value(`template_${one}`)]));
    return {
      ...given("minimum_saving"), ...given("segment_column"), ...given("channel_column"),
      ...(value("cap") ? {cap: whole("cap")} : {}),
      holdout: Number(value("holdout")) / 100,
      ...(windows.length > 0 ? {windows} : {}),
      ...(value("any_contact") ? {cool_down_days: {any_contact: whole("any_contact")}} : {}),
      language: value("message_language"), templates,
      on_bad_rows: leavesOut.checked ? "drop_and_report" : "error",
    };
  }

  function missing() {
    const needsHistory = ["any_contact", "week", "month"].some((name) => fields[name].input.value.trim() !== "");
    return {
      months: fields.months.input.files.length === 0 ? [text("campaign.months_needed")] : [],
      contact_history: needsHistory && fields.contact_history.input.files.length === 0 ? [text("campaign.history_needed")] : [],
    };
  }

  function show(messages, others = []) {
    for (const [name, {input, error}] of Object.entries(fields)) {
      fieldError(input, error, messages[name] ?? []);
      if ((messages[name] ?? []).length > 0) input.closest("details")?.setAttribute("open", "");
    }
    const shown = form.querySelector("#form-error");
    shown.textContent = others.join(" ");
    shown.hidden = others.length === 0;
    form.querySelector("[aria-invalid]")?.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const messages = missing();
    show(messages);
    if (Object.values(messages).every((each) => each.length === 0)) onSubmit();
  });
  return {
    form,
    /** Return the body of POST /campaigns. */
    body() {
      const made = new FormData();
      made.append("settings", JSON.stringify(settings()));
      for (const name of ["months", "do_not_contact", "contact_history"]) {
        const [chosen] = fields[name].input.files;
        if (chosen) made.append(name, chosen);
      }
      return made;
    },
    /** Show a problem beside the fields that it is about. */
    showProblem(problem) {
      const known = Object.entries(POINTERS).map(([name, pointer]) => [name, problem.about(pointer)]);
      const isOther = ({pointer}) => !Object.values(POINTERS).some((one) => pointer === one || pointer.startsWith(`${one}/`));
      const others = problem.errors.filter(isOther).map(({detail}) => detail);
      show(Object.fromEntries(known), [problem.message, ...others]);
    },
    setBusy(isBusy) { submit.disabled = isBusy; },
  };
}

/** Return the field of the months file with a border onto which a file can be dropped. */
function dropZone(text, months, input) {
  const over = (event) => { event.preventDefault(); zone.classList.add("over"); };
  const zone = element("div", {
    class: "drop", dragover: over, dragenter: over, dragleave: () => zone.classList.remove("over"),
    drop: (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer.files.length > 0) input().files = event.dataTransfer.files;
    },
  }, [months, element("p", {class: "hint"}, [text("campaign.drop")])]);
  return zone;
}
