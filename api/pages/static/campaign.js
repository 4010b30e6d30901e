// The view of campaigns: a months file is scored by a job of the server, whose figures are shown.
import {Problem, ServerGone} from "./api.js";
import {campaignForm} from "./campaign_form.js";
import {campaignResult} from "./campaign_result.js";
import {element} from "./dom.js";

const STORED = "planrec.campaign";
const LOOK_EVERY_MS = 600;

export async function mount(root, context) {
  const {text, api, announce} = context;
  const shown = element("div", {class: "shown"});
  root.replaceChildren(
    element("h1", {}, [text("campaign.title")]),
    element("p", {class: "hint lead"}, [text("campaign.lead")]),
  );
  const {schema, sample, planNames} = await servedRun(api);
  if (!("plan_held" in (schema.properties ?? {}))) {
    root.append(element("p", {class: "notice"}, [text("campaign.no_bills")]));
    return;
  }
  const form = campaignForm(context, {sample, onSubmit: () => start()});
  root.append(element("div", {class: "columns"}, [form.form, shown]));
  let isFinal = false;
  context.onReturn(() => resume());
  showEmpty();
  await resume();

  async function start() {
    const upload = new AbortController();
    form.setBusy(true);
    try {
      await forget();
      showProgress(null, text("campaign.uploading"), () => upload.abort());
      shown.scrollIntoView();
      const response = await api.send("/campaigns", {method: "POST", body: form.body(), signal: upload.signal});
      const job = await response.json();
      sessionStorage.setItem(STORED, job.id);
      await follow(job);
    } catch (error) {
      stopped(error);
    }
  }

  /** Show the job of an earlier visit of this tab, if the server still has it; a result that is shown stays. */
  async function resume() {
    const id = sessionStorage.getItem(STORED);
    if (id === null || isFinal) return;
    try {
      await follow(await api.get(`/campaigns/${id}`));
    } catch (error) {
      stopped(error);
    }
  }

  async function follow(begun) {
    form.setBusy(true);
    let job = begun;
    announce(text("campaign.scoring"));
    while (job.state === "waiting" || job.state === "running") {
      showProgress(job, text("campaign.scoring"), remove);
      await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
      if (sessionStorage.getItem(STORED) !== begun.id) return;
      job = await api.get(`/campaigns/${begun.id}`);
      if (sessionStorage.getItem(STORED) !== begun.id) return;
    }
    form.setBusy(false);
    if (job.state === "failed") {
      showFailed(job);
      await forget();
    } else showResult(job);
  }

  /** Show why a job cannot be followed; its id is kept, unless the server has no such job. */
  function stopped(error) {
    form.setBusy(false);
    // A job goes on without the page: its progress stays until the server answers again.
    if (error instanceof ServerGone && sessionStorage.getItem(STORED) !== null) return;
    const isUnknown = error instanceof Problem && error.status === 404;
    if (isUnknown) sessionStorage.removeItem(STORED);
    if (!isFinal) showEmpty();
    if (error instanceof Problem && !isUnknown) form.showProblem(error);
    else if (!(isUnknown || error instanceof ServerGone || error.name === "AbortError")) throw error;
  }

  /** Delete the stored job on the server, then its id. */
  async function forget() {
    const id = sessionStorage.getItem(STORED);
    if (id === null) return;
    await api.send(`/campaigns/${id}`, {method: "DELETE"}).catch((error) => {
      if (!(error instanceof Problem && error.status === 404)) throw error;
    });
    sessionStorage.removeItem(STORED);
  }

  function showEmpty() {
    isFinal = false;
    shown.replaceChildren(element("section", {class: "card empty"}, [
      element("h2", {}, [text("campaign.empty_title")]),
      element("ol", {}, [1, 2, 3].map((step) => element("li", {}, [text(`campaign.step_${step}`)]))),
      element("p", {}, [element("button", {type: "button", click: () => save(new Blob([sampleFile(schema)], {type: "text/csv"}), "months.csv")}, [text("campaign.sample")])]),
      element("p", {class: "hint"}, [text("campaign.command")]),
      element("pre", {tabindex: 0, "aria-label": text("campaign.command")}, ["planrec campaign latest months.csv --campaign campaign.yaml"]),
    ]));
  }

  function showProgress(job, label, cancel) {
    isFinal = false;
    const old = shown.querySelector("progress");
    const share = job === null ? null : job.progress;
    if (old !== null && job !== null && old.hasAttribute("value")) {
      old.value = share;
      return;
    }
    const bar = element("progress", {max: 1, value: share, "aria-labelledby": "progress-title"});
    shown.replaceChildren(element("section", {class: "card", "aria-busy": "true"}, [
      element("h2", {id: "progress-title"}, [label]), bar,
      element("p", {class: "row"}, [element("button", {type: "button", click: cancel}, [text("campaign.cancel")])]),
    ]));
  }

  function showFailed(job) {
    isFinal = true;
    const title = element("h2", {tabindex: -1}, [text("campaign.failed")]);
    shown.replaceChildren(element("section", {class: "card notice bad", role: "alert"}, [
      title, element("p", {}, [job.error]),
      ...(job.problems.length > 0 ? [element("ul", {class: "problems"}, job.problems.map((problem) => element("li", {lang: "en"}, [problem])))] : []),
    ]));
    title.focus();
    shown.scrollIntoView();
  }

  function showResult(job) {
    isFinal = true;
    shown.replaceChildren(campaignResult(context, {
      job,
      planNames,
      download: (path) => download(`/campaigns/${job.id}/${path}`),
      remove,
    }));
    const title = shown.querySelector("#result-title");
    announce(title.textContent);
    title.focus({preventScroll: true});
    shown.scrollIntoView();
  }

  async function download(path) {
    try {
      const response = await api.send(path);
      const [, name] = response.headers.get("content-disposition").match(/filename="([^"]+)"/);
      save(await response.blob(), name);
    } catch (error) {
      if (error instanceof Problem) showFailed({error: error.message, problems: []});
      else if (!(error instanceof ServerGone)) throw error;
    }
  }

  async function remove() {
    try {
      await forget();
      form.setBusy(false);
      showEmpty();
    } catch (error) {
      if (error instanceof Problem) form.showProblem(error);
      else if (!(error instanceof ServerGone)) throw error;
    }
  }
}

/** Return the schema of the served run, the names of its plans, and two of them for examples. */
async function servedRun(api) {
  const [schema, plans] = await Promise.all([
    api.get("/run/schema"),
    api.get("/catalogue").catch((error) => {
      if (error instanceof Problem) return {currency: "", plans: []};
      throw error;
    }),
  ]);
  const names = plans.plans.map((plan) => plan.name);
  const planNames = new Map(plans.plans.map((plan) => [plan.id, plan.name]));
  return {schema, planNames, sample: {plan: names[1] ?? "Plus", plan_held: names[0] ?? "Mini", currency: plans.currency}};
}

/** Write the example request of the run as a months file of two subscribers. */
function sampleFile(schema) {
  const [request] = schema.examples;
  const usage = Object.keys(request.months[0]).filter((name) => name !== "month");
  const attributes = Object.entries(request.attributes ?? {});
  const cell = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const rows = ["s0001", "s0002"].flatMap((subscriber) => request.months.map((month) => [
    subscriber, month.month, request.plan_held, ...usage.map((name) => month[name]), ...attributes.map(([, value]) => value),
  ]));
  const head = ["subscriber", "month", "plan_held", ...usage, ...attributes.map(([name]) => name)];
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

function save(content, name) {
  const link = element("a", {href: URL.createObjectURL(content), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
