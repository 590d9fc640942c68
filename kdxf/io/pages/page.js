"use strict";

// Tables: a click on a title sorts, numbers first from the largest, text from a to z; what has no value comes last.
const collator = new Intl.Collator(undefined, { numeric: true });
const orderOf = (cell) => ("order" in cell.dataset ? (cell.dataset.order === "" ? null : Number(cell.dataset.order)) : cell.textContent);
function sortTable(table, head, column) {
  const bodies = [...table.tBodies];
  const sizes = bodies.map((body) => body.rows.length);
  const rows = bodies.flatMap((body) => [...body.rows]);
  const values = new Map(rows.map((row) => [row, orderOf(row.cells[column])]));
  const numbers = rows.some((row) => typeof values.get(row) === "number");
  const before = head.getAttribute("aria-sort");
  const down = before === "none" ? numbers : before === "ascending";
  rows.sort((one, other) => {
    const [a, b] = [values.get(one), values.get(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
    return down ? -order : order;
  });
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  let start = 0;
  bodies.forEach((body, index) => body.replaceChildren(...rows.slice(start, (start += sizes[index]))));
}
for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortTable(table, head, column));
    head.append(button);
    head.setAttribute("aria-sort", "none");
  });
}

// Charts: what is drawn says what it is while the pointer is over it, or when it is tapped; with its picture if it has one.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
function nameOf(mark) {
  const title = mark.querySelector(":scope > title");
  if (title) {
    mark.dataset.name = title.textContent;
    title.remove(); // else the browser shows it a second time
  }
  return mark.dataset.name;
}
function pictureOf(name) {
  const [width, height] = ["width", "height"].map((edge) => document.getElementById(name).getAttribute(edge));
  const holder = document.createElement("div");
  holder.innerHTML = `<svg viewBox="0 0 ${width} ${height}" width="${width}"><use href="#${name}"/></svg>`;
  return holder;
}
function showTip(event) {
  const mark = event.target.closest?.(".drawing svg [data-name], .drawing svg :has(> title)");
  tip.hidden = !mark;
  if (!mark) return;
  tip.replaceChildren(...(mark.dataset.picture ? [pictureOf(mark.dataset.picture)] : []), nameOf(mark));
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 4)) + "px";
  tip.style.top = (event.clientY + 18 + box.height > innerHeight ? Math.max(4, event.clientY - box.height - 12) : event.clientY + 18) + "px";
}
document.addEventListener("pointerover", showTip);
document.addEventListener("click", showTip);
document.addEventListener("scroll", () => (tip.hidden = true), true);
for (const chart of document.querySelectorAll("svg[data-find]")) {
  const find = document.createElement("input");
  find.type = "search";
  find.className = "find";
  find.placeholder = chart.dataset.find;
  find.setAttribute("aria-label", chart.dataset.find);
  chart.parentNode.before(find);
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const mark of chart.querySelectorAll("[data-name], :has(> title)")) {
      mark.classList.toggle("dim", wanted !== "" && !(mark.dataset.name ?? mark.querySelector("title").textContent).toLowerCase().includes(wanted));
    }
  });
}

// Print: nothing stays folded, also in browsers that cannot be told so by the stylesheet.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const item of unfolded) item.open = true;
});
addEventListener("afterprint", () => unfolded.forEach((item) => (item.open = false)));
