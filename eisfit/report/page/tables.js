// Tables: sorted by a click on a column's name, filtered, copied as tab-separated text.

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function shown(cell) {
  return cell.textContent.trim();
}

// A number, a text, or null where the cell is empty: empty cells stay at the end
function valueOf(cell) {
  if (cell.dataset.v !== undefined) return cell.dataset.v === "" ? null : Number(cell.dataset.v);
  return shown(cell) === "–" ? null : shown(cell);
}

function compare(a, b, direction) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
  return direction * order;
}

function makeSortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = html("button", { type: "button" }, ...header.childNodes);
    if (header.title) button.title = header.title;
    header.replaceChildren(button);
    header.removeAttribute("title");
    header.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[header.getAttribute("aria-sort")];
      headers.forEach((other) => other.setAttribute("aria-sort", "none"));
      header.setAttribute("aria-sort", next);
      const direction = next === "descending" ? -1 : 1;
      const rows = next === "none" ? original : [...original].sort((a, b) => compare(valueOf(a.cells[column]), valueOf(b.cells[column]), direction));
      body.append(...rows);
    });
  });
}

// A spreadsheet takes text that begins like this for a formula
function harmless(value) {
  const flat = value.replace(/[\t\r\n]+/g, " ");
  return /^[=+\-@]/.test(flat) ? `'${flat}` : flat;
}

function tabSeparated(table) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.name);
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map((cell) => {
    const value = valueOf(cell);
    if (value === null) return "";
    return typeof value === "number" ? String(value) : harmless(value);
  }));
  return [names, ...rows].map((row) => row.join("\t")).join("\n");
}

async function copy(content, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    done = copyTheOldWay(content);
  }
  const label = button.dataset.label || button.textContent;
  button.dataset.label = label;
  button.textContent = done ? "Copied" : "Not copied: select and copy by hand";
  document.getElementById("spoken").textContent = button.textContent;
  setTimeout(() => { button.textContent = label; }, 1600);
}

function copyTheOldWay(content) {
  const box = html("textarea", { class: "visually-hidden", readonly: "" });
  box.value = content;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  return done;
}

// Whether a text holds all words that were typed, in any order; a hyphen finds a minus
function holds(content, words) {
  const plain = (string) => string.toLowerCase().replace(/−/g, "-");
  return plain(words).split(/\s+/).every((word) => plain(content).includes(word));
}

function setUpTables() {
  document.querySelectorAll("table.data").forEach(makeSortable);
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(tabSeparated(document.getElementById(button.dataset.copy)), button));
  }
  for (const button of document.querySelectorAll("[data-copy-text]")) {
    button.addEventListener("click", () => copy(shown(document.getElementById(button.dataset.copyText)), button));
  }
  for (const input of document.querySelectorAll("[data-filter]")) {
    const rows = [...document.getElementById(input.dataset.filter).tBodies[0].rows];
    input.addEventListener("input", () => {
      for (const row of rows) row.hidden = !holds(row.textContent, input.value);
    });
  }
}
