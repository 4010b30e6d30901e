// The adviser: usage and the plan held on the left, the answer of the pinned run on the right, while you drag.
import {answerCard} from "./adviser_answer.js";
import {usageForm} from "./adviser_form.js";
import {newestOnly, Problem, ServerGone} from "./api.js";
import {element} from "./dom.js";

const SAY_AFTER_MS = 900;

export async function mount(root, context) {
  const {text, api} = context;
  root.replaceChildren(element("h1", {}, [text("adviser.title")]));
  let facts = await factsOfRun(api);
  if (facts.run.takes !== "months") {
    root.append(noMonths(context));
    return;
  }
  const card = answerCard(context);
  const form = usageForm(context, facts, (request) => ask(request));
  root.append(element("div", {class: "adviser"}, [form.element, card.element]));
  let speaking = 0;

  const ask = newestOnly(async (request, signal) => {
    card.element.setAttribute("aria-busy", "true");
    const started = performance.now();
    try {
      const answer = await api.post("/predict/preview", request, {signal});
      if (answer.model.run_id !== facts.run.run_id) await follow();
      form.showProblems(null);
      card.show(answer, facts, form.summary(), performance.now() - started);
      sayLater(card.spoken(answer, facts));
    } catch (error) {
      if (error instanceof ServerGone || error.name === "AbortError") throw error;
      await explain(error);
    } finally {
      card.element.removeAttribute("aria-busy");
    }
  });

  /** Another run was pinned: its plans and prices replace those of the page. */
  async function follow() {
    facts = await factsOfRun(api);
    form.showPlans(facts);
    context.announce(text("adviser.new_run", {run: facts.run.run_id}));
  }

  async function explain(error) {
    if (!(error instanceof Problem)) throw error;
    // The plan of the page may be one of the run that was pinned before.
    const run = await api.get("/run").catch(() => facts.run);
    if (run.run_id !== facts.run.run_id) {
      await follow();
      form.sendAgain();
      return;
    }
    const rest = form.showProblems(error);
    if (rest.length > 0) card.showProblem(rest);
  }

  /** Read the verdict to users of screen readers once the slider rests, not at every step. */
  function sayLater(sentence) {
    clearTimeout(speaking);
    speaking = setTimeout(() => context.announce(sentence), SAY_AFTER_MS);
  }

  context.onReturn(form.sendAgain);
  await ask(form.request());
}

/** Return the run that answers, its catalogue, and the columns of a month that it reads. */
async function factsOfRun(api) {
  const run = await api.get("/run");
  if (run.takes !== "months") return {run};
  const [catalogue, schema] = await Promise.all([api.get("/catalogue"), api.get("/run/schema")]);
  const columns = Object.keys(schema.$defs.Month.properties).filter((name) => name !== "month");
  return {run, catalogue, columns, example: schema.examples[0], plans: new Map(catalogue.plans.map((plan) => [plan.id, plan]))};
}

function noMonths({text, root}) {
  return element("p", {class: "notice"}, [
    text("adviser.takes_rows"), " ", element("a", {href: `${root}/docs`}, [text("adviser.open_docs")]),
  ]);
}
