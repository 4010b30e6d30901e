// Months of usage for a request: made from a typical month, or read from pasted text.

const SWING = [1, -1, 0.4, -0.4, 0.8, -0.8];
const MINUTES_PER_CALL = 4;
const EASIER_NAMES = {
  mes: "month", calls: "voice_calls", llamadas: "voice_calls", minutes: "voice_minutes", minutos: "voice_minutes",
  data: "data_mib", mib: "data_mib", datos: "data_mib", messages: "sms", mensajes: "sms",
};

const rounded = (value) => Math.round(value * 100) / 100;

/**
 * Return six months like a typical one: they differ by up to `vary` percent, always in the same way, and their
 * mean is the typical month.
 */
export function monthsLike({data, minutes, sms, vary}, facts) {
  const last = lastMonth(facts);
  return SWING.map((swing, index) => {
    const scale = 1 + (swing * vary) / 100;
    const spoken = minutes * scale;
    return chosen({
      month: monthBefore(last, SWING.length - 1 - index),
      voice_calls: Math.round(spoken / MINUTES_PER_CALL),
      voice_minutes: rounded(spoken),
      sms: Math.round(sms * scale),
      data_mib: rounded(data * scale * facts.catalogue.data_unit.mib),
    }, facts.columns);
  });
}

/** Return the last complete month, or the last one of the run's example if no plan is valid today. */
function lastMonth({catalogue, example}) {
  const today = new Date().toISOString().slice(0, 10);
  const isValid = ({valid_for: {start, end}}) => start <= today && (end === null || today < end);
  if (catalogue.plans.some(isValid)) return monthBefore(today.slice(0, 7), 1);
  return example.months.map(({month}) => month).sort().at(-1);
}

function monthBefore(month, n) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 - n, 1)).toISOString().slice(0, 7);
}

/** Return the columns that the run reads; billed minutes are estimated from calls if they are not known. */
function chosen(month, columns) {
  const billed = month.voice_minutes_billed ?? (month.voice_minutes > 0 ? Math.ceil(month.voice_minutes + month.voice_calls / 2) : 0);
  const all = {...month, voice_minutes_billed: billed};
  return {month: month.month, ...Object.fromEntries(columns.filter((name) => name in all).map((name) => [name, all[name]]))};
}

/**
 * Read months from text with a line of column names, separated by commas, semicolons or tabs.
 *
 * Returns the months, the line of each, and problems: the key of a text and its values.
 */
export function monthsFromText(content, columns) {
  const lines = content.split(/\r?\n/).map((line, index) => [line.trim(), index + 1]).filter(([line]) => line !== "");
  const separator = ["\t", ";", ","].find((mark) => lines[0][0].includes(mark)) ?? ",";
  const names = lines[0][0].split(separator).map(columnName);
  const needed = ["month", ...columns.filter((name) => name !== "voice_minutes_billed")];
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) return {months: [], lines: [], problems: [{key: "missing_columns", columns: missing.join(", ")}]};
  const problems = lines.length === 1 ? [{key: "no_months"}] : [];
  const months = lines.slice(1).map(([line, number]) => {
    const cells = Object.fromEntries(line.split(separator).map((cell, index) => [names[index], cell.trim()]));
    const month = {month: (cells.month ?? "").slice(0, 7)};
    for (const name of columns) {
      if (cells[name] === undefined && name === "voice_minutes_billed") continue;
      month[name] = numberIn(cells[name], separator);
      if (Number.isNaN(month[name])) problems.push({key: "no_number", line: number, column: name, found: cells[name] ?? ""});
    }
    return chosen(month, columns);
  });
  return {months, lines: lines.slice(1).map(([, number]) => number), problems: problems.slice(0, 5)};
}

function columnName(cell) {
  const name = cell.trim().replace(/^"|"$/g, "").toLowerCase().replace(/\s+/g, "_");
  return EASIER_NAMES[name] ?? name;
}

/** Return a number; a comma is a decimal mark if it does not separate the columns. */
function numberIn(cell, separator) {
  if (cell === undefined || cell === "") return NaN;
  const plain = cell.replace(/^"|"$/g, "");
  return Number(separator === "," ? plain : plain.replace(",", "."));
}
