"use strict";
// Sorts, filters and saves tables, and opens what a link leads to. Without it the page reads the same.

const MISSING = new Set(["", "\u2013", "not evaluable", "unknown"]);
const NUMBER = /^([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?)(?=\s|%|$)/i;
const FILTER_FROM = 8; // rows

const small = (cell) => cell.querySelector("small")?.textContent.trim() ?? "";
const main = (cell) => {
  const below = small(cell);
  const text = cell.textContent.trim();
  return (below ? text.slice(0, -below.length) : text).trim().replaceAll("\u2212", "-");
};

function order(cell) {
  if ("order" in cell.dataset) return Number(cell.dataset.order);
  const text = main(cell);
  if (MISSING.has(text)) return null;
  const number = text.match(NUMBER);
  return number ? Number(number[1].replaceAll(",", "")) : text;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

class Sheet {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.grouped = table.classList.contains("grouped");
    this.sorted = false;
    this.tools = document.createElement("div");
    this.tools.className = "tools";
    table.parentElement.before(this.tools);
    if (table.tHead && this.rows.length > 1) this.addSorting();
    if (this.rows.length >= FILTER_FROM) this.addFilter();
    this.addSaving();
  }

  name() {
    return this.table.getAttribute("aria-label") ?? this.table.caption?.textContent ?? this.table.id;
  }

  addSorting() {
    for (const head of this.table.tHead.rows[0].cells) {
      if (!head.textContent.trim()) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      button.addEventListener("click", () => this.sort(head));
      head.append(button);
    }
  }

  // Ascending, descending, then as it was.
  sort(head) {
    const next = { ascending: "descending", descending: null };
    const before = head.getAttribute("aria-sort");
    const direction = before ? next[before] : "ascending";
    for (const other of this.table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    if (direction) head.setAttribute("aria-sort", direction);
    this.sorted = Boolean(direction);
    const sign = direction === "descending" ? -1 : 1;
    const keyed = this.rows.map((row) => ({ row, key: order(row.cells[head.cellIndex]) }));
    if (direction) {
      keyed.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
        return sign * compare(a.key, b.key);
      });
    }
    this.body.append(...keyed.map(({ row }) => row));
    this.group();
  }

  addFilter() {
    const label = document.createElement("label");
    this.query = document.createElement("input");
    this.query.type = "search";
    this.query.placeholder = "words, all of them";
    label.append("Filter rows ", this.query);
    this.count = document.createElement("span");
    this.count.setAttribute("role", "status");
    this.query.addEventListener("input", () => this.filter());
    this.tools.append(label, this.count);
  }

  filter() {
    const words = this.query.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of this.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = this.rows.filter((row) => !row.hidden).length;
    this.count.textContent = words.length ? `${shown} of ${this.rows.length} rows` : "";
    this.group();
  }

  // The first column is left empty where it repeats only while all rows stand in their own order.
  group() {
    const whole = !this.sorted && !this.query?.value.trim();
    this.table.classList.toggle("grouped", this.grouped && whole);
  }

  addSaving() {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Save as CSV";
    button.setAttribute("aria-label", `Save as CSV: ${this.name()}`);
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff", this.csv()], { type: "text/csv" }));
      link.download = `${this.table.id.replace(/^table-/, "")}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
    this.tools.append(button);
  }

  // The rows shown; small print gets a column of its own.
  csv() {
    const rows = [...this.body.rows].filter((row) => !row.hidden).map((row) => [...row.cells]);
    const width = rows[0]?.length ?? 0;
    const doubled = Array.from({ length: width }, (_, at) => rows.some((row) => small(row[at])));
    const spread = (row, write) => row.flatMap((cell, at) => write(cell, doubled[at]));
    const lines = rows.map((row) => spread(row, (cell, both) => (both ? [main(cell), small(cell)] : [main(cell)])));
    if (this.table.tHead) {
      const titles = [...this.table.tHead.rows[0].cells];
      lines.unshift(spread(titles, ({ textContent: t }, both) => (both ? [t, `${t}, small print`] : [t])));
    }
    return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
  }
}

// A spreadsheet must not take text from data for a formula.
function quoted(text) {
  const plain = text.replaceAll("\u2212", "-");
  const safe = /^[=+@-]/.test(plain) && !NUMBER.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

for (const table of document.querySelectorAll("table")) new Sheet(table);

// What scrolls sideways can be reached by keyboard.
function reach() {
  for (const box of document.querySelectorAll(".scroll, .card")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "Scrolls sideways");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
}
addEventListener("resize", reach);
document.addEventListener("toggle", reach, true);
reach();

function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folds = [];
  for (let at = target; at; at = at.parentElement) if (at.matches("details:not([open])")) folds.push(at);
  for (const fold of folds) fold.open = true;
  if (folds.length) target.scrollIntoView();
}
addEventListener("hashchange", open);
open();

const contents = document.getElementById("contents");
const wide = matchMedia("(min-width: 82rem)");
const follow = () => { contents.open = wide.matches; };
wide.addEventListener("change", follow);
follow();
