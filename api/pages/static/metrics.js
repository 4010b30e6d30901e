// Metrics as people read them: names, money, shares, intervals.

const SHARES = new Set(["harm_rate", "harm_rate_switched", "switch_rate", "savings_captured", "eps_hit", "flip_rate", "accuracy", "top_2", "top_3"]);
const NAMED = new Set([
  "regret", "regret_median", "regret_p90", "regret_hidden", "savings_captured", "harm_rate", "harm_rate_switched", "switch_rate", "eps_hit",
  "flip_rate", "ndcg_3", "accuracy", "macro_f1", "auc", "log_loss", "brier", "ece", "ece_cheaper", "top_2", "top_3", "mrr",
]);

/** Return the functions that write metrics in the page's language. */
export function metricWords({text, formats}) {
  const value = (metric, amount, currency) => {
    if (amount === null) return "–";
    if (metric.startsWith("regret") && currency) return formats.money(amount, currency);
    if (SHARES.has(metric)) return formats.percent(amount, 1);
    return formats.number(amount, 3);
  };
  const signed = (metric, amount, currency) => (amount > 0 ? "+" : "") + value(metric, amount, currency);
  const range = (metric, low, high, currency) =>
    low === null || high === null ? "" : text("shell.range", {low: value(metric, low, currency), high: value(metric, high, currency)});
  return {
    name: (metric) => (NAMED.has(metric) ? text(`shell.metric_${metric}`) : metric.replaceAll("_", " ")),
    value,
    signed,
    range,
  };
}
