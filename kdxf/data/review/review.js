"use strict";

const queue = JSON.parse(document.getElementById("queue").textContent);
const questions = queue.questions;
const placeOf = new Map(questions.map((question, place) => [question.image, place]));
const COLUMNS = ["image", "label", "suggested", "score", "reason", "decision"];
const NEEDED = ["image", "label", "suggested", "decision"];
const STORE = `kdxf review ${queue.digest}`;
const at = (id) => document.getElementById(id);

// answers: per question null or {decision, suggested}; past: [place, answer before] of each step; others: rows of a loaded
// file that belong to other pages, which are saved again.
let state = { answers: questions.map(() => null), past: [], others: [], place: 0 };

function complain(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = !text;
}

function keep() {
  try {
    localStorage.setItem(STORE, JSON.stringify(state));
  } catch {
    complain("This browser keeps nothing: save decisions.csv before you close the page.");
  }
}

function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE));
    if (kept?.answers?.length === questions.length) state = kept;
  } catch {
    complain("This browser keeps nothing: save decisions.csv before you close the page.");
  }
  show();
}

// Decisions

function goOn() {
  for (let step = 1; step <= questions.length; step++) {
    const place = (state.place + step) % questions.length;
    if (state.answers[place] === null) {
      state.place = place;
      break;
    }
  }
  keep();
  show();
}

function decide(decision, suggested) {
  complain("");
  state.past.push([state.place, state.answers[state.place]]);
  state.answers[state.place] = { decision, suggested };
  goOn();
}

function choose(name) {
  if (name === questions[state.place].label) accept();
  else decide("relabel", name);
}

const accept = () => decide("keep", questions[state.place].guesses[0][0]);
const drop = () => decide("drop", questions[state.place].guesses[0][0]);

function skip() {
  state.past.push([state.place, state.answers[state.place]]);
  goOn();
}

function undo() {
  if (!state.past.length) return;
  const [place, before] = state.past.pop();
  state.place = place;
  state.answers[place] = before;
  keep();
  show();
}

// What is shown

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function show() {
  const question = questions[state.place];
  const answer = state.answers[state.place];
  const done = state.answers.filter((item) => item !== null).length;
  at("progress").setAttribute("aria-valuenow", done);
  at("progress").firstElementChild.style.width = `${(100 * done) / questions.length}%`;
  at("count").textContent =
    `Picture ${state.place + 1}; ${done} of ${questions.length} decided` + (done === questions.length ? ". All done: save decisions.csv." : "");
  at("picture").hidden = !question.picture;
  at("unreadable").hidden = !!question.picture;
  if (question.picture) at("picture").src = question.picture;
  else at("picture").removeAttribute("src");
  at("unreadable").textContent = question.unreadable;
  at("image").textContent = question.image;
  at("reason").textContent = question.reason;
  at("text").textContent = question.text && `text: ${question.text}`;
  at("question").replaceChildren(question.labelled ? "Labelled " : "Predicted ", element("strong", question.label), ". Is this right?");
  at("decided").hidden = answer === null;
  at("decided").textContent = answer && `Decided: ${answer.decision}` + (answer.decision === "relabel" ? ` as ${answer.suggested}` : "");
  at("guesses").replaceChildren(...question.guesses.map(([name, score], rank) => {
    const button = element("button", "");
    button.type = "button";
    button.append(element("kbd", rank + 1), element("span", name, "name"), element("span", score.toFixed(2), "score"));
    button.style.setProperty("--share", `${100 * score}%`);
    if (name === question.label) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => choose(name));
    return button;
  }));
  at("undo").disabled = !state.past.length;
  at("find").value = "";
  search();
}

// The search of a class: names that begin with what is typed come first.
let selected = 0;

function matches() {
  const typed = at("find").value.trim().toLowerCase();
  if (!typed) return [];
  const found = queue.classes.filter((name) => name.toLowerCase().includes(typed));
  return [...found.filter((name) => name.toLowerCase().startsWith(typed)), ...found.filter((name) => !name.toLowerCase().startsWith(typed))].slice(0, 8);
}

function search() {
  const found = matches();
  selected = Math.max(0, Math.min(selected, found.length - 1));
  at("found").replaceChildren(...found.map((name, rank) => {
    const button = element("button", "");
    button.type = "button";
    button.append(element("span", name, "name"));
    button.setAttribute("aria-selected", rank === selected);
    button.addEventListener("click", () => choose(name));
    return button;
  }));
}

function searchKey(event) {
  const found = matches();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    selected += event.key === "ArrowDown" ? 1 : -1;
    search();
  } else if (event.key === "Enter") {
    if (!found.length) return;
    at("find").blur();
    choose(found[selected]);
  } else if (event.key === "Escape") {
    at("find").value = "";
    at("find").blur();
    search();
  } else return;
  event.preventDefault();
}

// decisions.csv

const quoted = (cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

function decisionsText() {
  const rows = questions.flatMap((question, place) => {
    const answer = state.answers[place];
    if (answer === null) return [];
    const score = question.guesses.find(([name]) => name === answer.suggested)?.[1] ?? "";
    return [[question.image, question.label, answer.suggested, String(score), question.reason, answer.decision]];
  });
  return [COLUMNS, ...rows, ...state.others].map((row) => row.map(quoted).join(",") + "\n").join("");
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([decisionsText()], { type: "text/csv" }));
  link.download = "decisions.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function parseTable(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (let found; cell.lastIndex < text.length && (found = cell.exec(text)); ) {
    rows.at(-1).push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if (found[3] !== "," && cell.lastIndex < text.length) rows.push([]);
  }
  return rows.filter((row) => row.some((value) => value !== ""));
}

function loadText(text, name) {
  const [header = [], ...rows] = parseTable(text.replace(/^\ufeff/, ""));
  const missing = NEEDED.filter((column) => !header.includes(column));
  if (missing.length) return complain(`${name}: no columns ${missing.join(", ")}; load a decisions.csv that this page saved.`);
  const loaded = [];
  for (const row of rows) {
    const [image, label, suggested, , , decision] = COLUMNS.map((column) => row[header.indexOf(column)] ?? "");
    const place = placeOf.get(image);
    if (!["keep", "drop", "relabel"].includes(decision)) return complain(`${name}: ${image} has the decision '${decision}'; write keep, drop or relabel.`);
    if (place !== undefined && questions[place].label !== label)
      return complain(`${name}: ${image} is labelled ${label} there and ${questions[place].label} here; load the file of this review.`);
    if (place !== undefined && decision === "relabel" && !queue.classes.includes(suggested))
      return complain(`${name}: ${image} is relabelled as '${suggested}', which is no class.`);
    loaded.push([place, { decision, suggested }, COLUMNS.map((column) => row[header.indexOf(column)] ?? "")]);
  }
  complain("");
  const images = new Set(loaded.map(([, , cells]) => cells[0]));
  state.others = state.others.filter((cells) => !images.has(cells[0]));
  for (const [place, answer, cells] of loaded) {
    if (place === undefined) state.others.push(cells);
    else state.answers[place] = answer;
  }
  state.past = [];
  state.place = questions.length - 1; // from there the first picture without an answer is the next one
  goOn();
}

// Keys and buttons

const KEYS = { Enter: accept, " ": accept, s: skip, ArrowRight: skip, d: drop, u: undo, Backspace: undo };

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // these keys choose Chinese characters
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    return save();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target === at("find")) return searchKey(event);
  if (event.target.closest?.("button, summary, label, input") && [" ", "Enter"].includes(event.key)) return;
  const guess = /^[1-5]$/.test(event.key) ? questions[state.place].guesses[event.key - 1] : null;
  const act = guess ? () => choose(guess[0]) : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) act();
  else if (event.key === "/") at("find").focus();
  else return;
  event.preventDefault();
});
for (const [id, act] of Object.entries({ accept, skip, drop, undo, save })) at(id).addEventListener("click", act);
// Otherwise the next Enter would press the button that was clicked last.
document.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur());
at("find").addEventListener("input", () => {
  selected = 0;
  search();
});
at("load").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) loadText(await file.text(), file.name);
  event.target.value = "";
});
// Another tab with this page
addEventListener("storage", (event) => event.key === STORE && restore());
restore();
