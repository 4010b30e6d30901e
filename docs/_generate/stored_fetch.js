// Answers in place of a server: the facts of a small run, and for each usage the nearest stored answer.
const json = (value, status = 200) => ({ok: status < 400, status, json: async () => value, text: async () => JSON.stringify(value)});

const fetch = async (address, options = {}) => {
  const path = new URL(address, "http://stored/").pathname;
  const {facts} = STORED;
  if (path === "/ready") return json({});
  if (path === "/predict/preview") return json(await nearest(JSON.parse(options.body), options.headers["accept-language"]));
  return path in facts ? json(facts[path]) : json(facts[path.slice(1)]);
};

async function nearest({plan_held: plan, months}, language) {
  const {data, minutes, vary, mib} = STORED.facts.grid;
  const name = `${language}-${plan ?? "unknown"}`;
  if (!(name in STORED)) await load(`${name}.js`);
  const used = months.map((month) => month.data_mib / mib);
  const mean = used.reduce((sum, value) => sum + value, 0) / used.length;
  const spoken = months.reduce((sum, month) => sum + month.voice_minutes, 0) / months.length;
  const spread = mean > 0 ? (100 * (Math.max(...used) - Math.min(...used))) / (2 * mean) : 0;
  const place = (closest(data, mean) * minutes.length + closest(minutes, spoken)) * vary.length + closest(vary, spread);
  return STORED[name][place];
}

function closest(values, wanted) {
  const far = values.map((value) => Math.abs(value - wanted));
  return far.indexOf(Math.min(...far));
}

function load(file) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = file;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}
