"use strict";

const SAY = {
  en: {
    language: "中文", title: (name) => `Classify pictures: ${name}`,
    comma: ", ", about: (classes, text) => `${classes} classes. ${text ? "Text in the pictures is read. " : ""}`,
    calibrated: "Scores are calibrated: of the answers with 80%, about 80 in 100 are right.",
    uncalibrated: "Scores are not calibrated: they rank the classes, but are not probabilities.",
    card: "About this model",
    token: "The service asks for a token. It is kept until you close this tab.", useToken: "Use it", refused: "The service did not accept this token.",
    choose: "Choose pictures", orDrop: "or drop them on this page, or paste them",
    withoutText: "Without text", withoutTextMeans: "The model answers by the picture alone, and nothing is read.",
    gone: (where) => `The service at ${where} does not answer. Your pictures stay here: when it is running again, press “Try again”.`,
    again: "Try again", stop: "Stop", goOn: "Go on", save: "Download CSV", clear: "Remove all",
    progress: "Pictures answered", done: (done, all) => `${done} of ${all} answered`, failed: (count) => `${count} failed`,
    waits: (seconds) => `The service is busy; the rest is sent in ${seconds} s.`, held: "Stopped.", needsToken: "Waiting for the token.",
    private: "Pictures are sent to this service, and nowhere else.",
    waiting: "waiting", sending: "sending…", stopped: "not sent", remove: "Remove", removeThis: (name) => `Remove ${name}`, againThis: (name) => `Try again: ${name}`,
    unshown: "This browser cannot show this picture.",
    accept: "accept", review: "to a person", labels: "Labels: ", noLabel: "No label applies.",
    set: "May be: ", emptySet: "It may be none of the classes.",
    best: "Best classes", notCalibrated: "These scores are not calibrated.",
    text: "Text in the picture", noText: "No text was found.", leftOut: "Answered without text.",
    falls: "The number behind a line: by how many points the score changes without it.",
    why: "Why this answer?", whyThis: (name) => `Why this answer? ${name}`, asking: "asking…",
    image: "Picture alone", textAlone: "Text alone", both: "Picture and text", nothing: "Nothing to go by.",
    showRegions: "Show which regions counted",
    regions: (name) => `Each region was covered in turn. Strong colour: the score of “${name}” changes most.`,
    forIt: "it falls: the region speaks for the class", against: "it rises: the region speaks against it",
    most: (row, column, points) => `Most: row ${row}, column ${column} (${points}).`,
    pasted: (number) => `pasted-${number}`,
    reason: (reason) => reason,
    problems: {
      unreadable: "The picture cannot be read:",
      400: "The service cannot read this request.", 408: "Sending took too long.", 413: "The picture is too large for this service.",
      415: "The service does not take this kind of file.", 422: "The service cannot use this file.", 503: "The service takes no pictures at the moment.",
      504: "The answer took too long.", other: (status) => `The service failed (${status}).`,
      broken: "The connection broke while the picture was sent; it may be too large for this service.", odd: "The service gave an answer that this page does not understand.",
    },
  },
  zh: {
    language: "English", title: (name) => `图片分类：${name}`,
    comma: "、", about: (classes, text) => `共 ${classes} 个类别。${text ? "会识别图中文字。" : ""}`,
    calibrated: "得分已校准：得分为 80% 的结果，大约每 100 个有 80 个正确。",
    uncalibrated: "得分未校准：只能用来比较类别的先后，不能当作概率。",
    card: "模型说明",
    token: "该服务需要访问令牌。令牌只保留到关闭本标签页为止。", useToken: "使用", refused: "令牌无效。",
    choose: "选择图片", orDrop: "也可以把图片拖到本页，或直接粘贴",
    withoutText: "不用文字", withoutTextMeans: "只看画面，不做文字识别。",
    gone: (where) => `服务 ${where} 没有响应。图片仍保留在本页；服务恢复后请点“重试”。`,
    again: "重试", stop: "停止", goOn: "继续", save: "下载 CSV", clear: "全部移除",
    progress: "已完成的图片", done: (done, all) => `已完成 ${done} / ${all}`, failed: (count) => `失败 ${count} 张`,
    waits: (seconds) => `服务繁忙，${seconds} 秒后继续发送。`, held: "已停止。", needsToken: "等待输入令牌。",
    private: "图片只发送给本服务，不会发往别处。",
    waiting: "排队中", sending: "发送中……", stopped: "未发送", remove: "移除", removeThis: (name) => `移除 ${name}`, againThis: (name) => `重试：${name}`,
    unshown: "浏览器无法显示这张图片。",
    accept: "直接采纳", review: "转人工复核", labels: "标签：", noLabel: "没有符合的标签。",
    set: "可能的类别：", emptySet: "可能不属于任何类别。",
    best: "得分最高的类别", notCalibrated: "这些得分未校准。",
    text: "图中文字", noText: "没有识别到文字。", leftOut: "未使用文字。",
    falls: "每行后面的数字：去掉这一行后得分变化多少个百分点。",
    why: "为什么是这个结果？", whyThis: (name) => `为什么是这个结果？${name}`, asking: "计算中……",
    image: "只看画面", textAlone: "只看文字", both: "画面加文字", nothing: "没有可用的依据。",
    showRegions: "显示哪些区域起了作用",
    regions: (name) => `依次遮住每个区域；颜色越深，“${name}”的得分变化越大。`,
    forIt: "得分下降：该区域支持这个类别", against: "得分上升：该区域不支持这个类别",
    most: (row, column, points) => `影响最大：第 ${row} 行第 ${column} 列（${points}）。`,
    pasted: (number) => `粘贴的图片-${number}`,
    reason: (reason) => ({ "cannot be read": "图片无法读取", "maybe none of the classes": "可能不属于任何类别" })[reason] ?? reason.replace(/^score below (.*)$/, "得分低于 $1"),
    problems: {
      unreadable: "图片无法读取：",
      400: "服务无法解析这个请求。", 408: "发送超时。", 413: "图片太大，超过了服务的上限。",
      415: "服务不支持这种文件。", 422: "服务无法使用这个文件。", 503: "服务暂时不接收图片。",
      504: "处理超时。", other: (status) => `服务出错（${status}）。`,
      broken: "发送时连接中断，图片可能超过了服务的上限。", odd: "服务返回了本页无法理解的内容。",
    },
  },
};
const AT_ONCE = 3; // requests under way; the service puts them into one batch
const ASKED = 100; // classes with their scores: a picture may have as many labels
const SHOWN = 5;
const TOKEN = "kdxf token";
const LANGUAGE = "kdxf language";
const at = (id) => document.getElementById(id);

// What the browser keeps; some forbid it, and then it lasts as long as the page.
const memory = new Map();
function remember(store, key, value) {
  memory.set(key, value);
  try { store().setItem(key, value); } catch { /* kept in memory */ }
}
function recall(store, key) {
  try { return store().getItem(key) ?? memory.get(key) ?? null; } catch { return memory.get(key) ?? null; }
}
const session = () => sessionStorage;
const local = () => localStorage;

let language = recall(local, LANGUAGE) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
let model = null;
let items = []; // {id, file, name, url, state, wantsWhy, answer, withText, problem, pinned, hidesRegions, node}
let made = 0;
let running = 0;
let notBefore = 0; // when a busy service may be asked again
let gone = false;
let needsToken = false;
let abort = new AbortController();
const say = () => SAY[language];

// Building elements

function element(tag, { text, ...properties } = {}, ...children) {
  const one = document.createElement(tag);
  if (text !== undefined) one.textContent = text;
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) one.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) one.setAttribute(name, value === true ? "" : value);
  }
  one.append(...children.filter((child) => child !== null && child !== undefined));
  return one;
}

function drawn(tag, properties) {
  const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) one.setAttribute(name, value);
  return one;
}

const percent = (score) => `${(100 * score).toFixed(1)}%`;
const points = (effect) => `${effect > 0 ? "−" : "+"}${Math.abs(100 * effect).toFixed(1)}`; // of the score, where something is left out

function bars(top, label) {
  return element("ol", { class: "bars", "aria-label": label }, ...top.map((one) => {
    const bar = element("li", {}, element("span", { text: one.name ?? one.id }), element("span", { text: percent(one.score) }));
    bar.style.setProperty("--share", `${100 * one.score}%`);
    return bar;
  }));
}

// Asking the service

class Refusal extends Error {
  constructor(status, message, request, wait) {
    super(message);
    Object.assign(this, { status, request, wait });
  }
}

/** Fetch JSON; a status that is no success becomes a Refusal, a service that cannot be reached a TypeError. */
async function fetchJson(address, options = {}) {
  const token = recall(session, TOKEN);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(address, { ...options, headers });
  const body = await response.json().catch((error) => {
    if (error.name === "AbortError" || error instanceof TypeError) throw error;
    return null;
  });
  if (response.ok && body) return body;
  const wait = response.headers.get("Retry-After");
  throw new Refusal(response.ok ? 0 : response.status, body?.error?.message ?? "", body?.request_id, wait);
}

/** Seconds of a Retry-After header, which is a number or a date. */
function seconds(header) {
  const number = header?.trim() ? Number(header) : NaN;
  const found = Number.isNaN(number) ? (Date.parse(header) - Date.now()) / 1000 : number;
  return Number.isFinite(found) ? Math.min(Math.max(found, 0.1), 600) : 1;
}

async function load() {
  try {
    model = await fetchJson("v1/model");
    gone = needsToken = false;
  } catch (error) {
    if (error.status === 401) askForToken();
    else gone = true;
  }
  show();
  pump();
}

function askForToken() {
  at("refused").textContent = recall(session, TOKEN) ? say().refused : "";
  remember(session, TOKEN, "");
  needsToken = true;
}

function pump() {
  const wait = notBefore - Date.now();
  if (wait > 0 || gone || needsToken || !model) return showRun();
  while (running < AT_ONCE) {
    const item = items.find((one) => one.state === "waiting");
    if (!item) break;
    running += 1;
    ask(item).finally(() => {
      running -= 1;
      if (item.node.isConnected) render(item);
      pump();
    });
  }
  showRun();
}

async function ask(item) {
  const withText = !at("no-text").checked;
  const query = new URLSearchParams({ topk: Math.min(ASKED, model.classes.length), text: Number(withText), explain: Number(item.wantsWhy) });
  const form = new FormData();
  form.append("file", item.file, item.name);
  item.state = "sending";
  item.problem = null;
  render(item);
  try {
    const answer = await fetchJson(`v1/predict?${query}`, { method: "POST", body: form, signal: abort.signal });
    if (!answer.predictions?.[0]) throw new Refusal(0, "", answer.request_id);
    Object.assign(item, { answer: answer.predictions[0], calibrated: answer.calibrated, withText });
    // The switch may have been turned meanwhile.
    item.state = withText === at("no-text").checked ? "waiting" : "done";
    if (item.answer.error) fail(item, { status: "unreadable", message: item.answer.error });
  } catch (error) {
    if (error.name === "AbortError") item.state = "stopped";
    else if (error.status === 429) {
      item.state = "waiting";
      notBefore = Math.max(notBefore, Date.now() + 1000 * seconds(error.wait));
    } else if (error.status === 401) {
      item.state = "waiting";
      askForToken();
    } else if (error instanceof Refusal) fail(item, error);
    else await suspect(item);
    if (item.state === "failed" && item.withText !== withText) item.answer = null; // it is the answer to another question
  }
}

function fail(item, { status, message, request }) {
  item.state = "failed";
  item.problem = { kind: status || "odd", message, request };
}

/** The connection broke: by the service's end, or since it refused this picture before it was sent to the end. */
async function suspect(item) {
  try {
    await fetchJson("v1/model");
    fail(item, { status: "broken", message: "" });
  } catch (error) {
    item.state = "waiting";
    if (error.status === 401) askForToken();
    else gone = true;
  }
}

function again(some) {
  for (const item of some) {
    item.state = "waiting";
    if (item.node.isConnected) render(item);
  }
  pump();
}

function stop() {
  abort.abort();
  abort = new AbortController();
  notBefore = 0;
  for (const item of items.filter((one) => one.state === "waiting")) {
    item.state = "stopped";
    render(item);
  }
  pump();
}

// Pictures come and go

function add(files, pasted = false) {
  for (const file of files) {
    made += 1;
    const ending = file.name.includes(".") ? file.name.slice(file.name.lastIndexOf(".")) : "";
    const name = pasted ? say().pasted(made) + ending : file.name;
    const item = { id: made, file, name, url: URL.createObjectURL(file), state: "waiting", wantsWhy: false, answer: null, problem: null, pinned: null };
    item.image = imageOf(item);
    item.node = element("li", { id: `picture-${item.id}` });
    items.push(item);
    at("pictures").append(item.node);
    render(item);
  }
  pump();
}

function remove(item) {
  const place = items.indexOf(item);
  URL.revokeObjectURL(item.url);
  items.splice(place, 1);
  item.node.remove();
  (items[place] ?? items[place - 1])?.node.querySelector("[data-key=remove]").focus();
  if (!items.length) at("files").focus();
  pump();
}

function clear() {
  stop();
  for (const item of items) URL.revokeObjectURL(item.url);
  items = [];
  at("pictures").replaceChildren();
  at("files").focus();
  pump();
}

// What is shown of a picture

function render(item) {
  const focused = item.node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const words = say();
  const head = element("div", { class: "head" },
    element("h2", { text: item.name, tabindex: -1, "data-key": "name" }),
    element("button", { type: "button", class: "small", "data-key": "remove", text: words.remove, "aria-label": words.removeThis(item.name), onclick: () => remove(item) }));
  const told = element("div", {}, state(item));
  if (item.answer && !item.answer.error) told.append(...answered(item));
  item.node.replaceChildren(head, element("div", { class: "parts" }, figure(item), told));
  mark(item, item.pinned);
  if (focused) (item.node.querySelector(`[data-key="${focused}"]`) ?? item.node.querySelector("h2")).focus();
}

function state(item) {
  const words = say();
  if (item.state === "done") return null;
  if (item.state === "waiting" || item.state === "sending") {
    return element("p", { class: "faint", text: item.answer && item.wantsWhy ? words.asking : words[item.state] });
  }
  const retry = element("button", { type: "button", class: "small", "data-key": "again", text: words.again, "aria-label": words.againThis(item.name), onclick: () => again([item]) });
  if (item.state === "stopped") return element("p", { class: "faint" }, `${words.stopped} `, retry);
  const { kind, message, request } = item.problem;
  const known = words.problems[kind] ?? words.problems.other(kind);
  const said = [known, message, request ? `[${request}]` : ""].filter(Boolean).join(" ");
  return element("div", { class: "problem" }, element("p", { text: said }), retry);
}

function imageOf(item) {
  const image = element("img", { src: item.url, alt: item.name, decoding: "async" });
  image.addEventListener("load", () => proportion(item, image.parentElement));
  image.addEventListener("error", () => {
    item.image = null;
    render(item);
  });
  return image;
}

function proportion({ image }, stack) {
  if (image?.naturalHeight) stack.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
}

function figure(item) {
  const text = item.answer?.text;
  const stack = element("div", { class: "stack" }, item.image ?? element("p", { class: "unshown", text: say().unshown }));
  proportion(item, stack);
  const size = text?.width && text?.height ? text : { width: 1, height: 1, lines: [] };
  if (item.answer && item.image) {
    const layer = drawn("svg", { viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    layer.append(...regionShapes(item, size), ...lineShapes(item, size));
    stack.append(layer);
  }
  const regions = item.answer?.explanation?.regions;
  return element("figure", { class: "shown" }, stack, regions ? element("figcaption", {}, ...regionsOf(item, item.answer.explanation)) : null);
}

function lineShapes(item, text) {
  return text.lines.map((line, place) => {
    const shape = drawn("polygon", { class: "box", points: line.box.map((corner) => corner.join(",")).join(" "), "data-line": place });
    shape.addEventListener("pointerenter", () => mark(item, place));
    shape.addEventListener("pointerleave", () => mark(item, item.pinned));
    shape.addEventListener("click", () => pin(item, place));
    return shape;
  });
}

function regionShapes(item, { width, height }) {
  const regions = item.answer.explanation?.regions;
  if (!regions || item.hidesRegions) return [];
  const most = Math.max(...regions.effect.map(Math.abs));
  return regions.effect.map((effect, place) => drawn("rect", {
    class: `region ${effect > 0 ? "for" : "against"}`,
    x: (width * (place % regions.columns)) / regions.columns, y: (height * Math.floor(place / regions.columns)) / regions.rows,
    width: width / regions.columns, height: height / regions.rows, "fill-opacity": most ? (0.75 * Math.abs(effect)) / most : 0,
  }));
}

function mark(item, place) {
  for (const one of item.node.querySelectorAll("[data-line]")) one.classList.toggle("marked", Number(one.dataset.line) === place);
}

function pin(item, place) {
  item.pinned = item.pinned === place ? null : place;
  for (const button of item.node.querySelectorAll(".lines button")) button.setAttribute("aria-pressed", Number(button.dataset.line) === item.pinned);
  mark(item, item.pinned);
  item.node.querySelector(".lines .marked")?.scrollIntoView({ block: "nearest" });
}

function answered(item) {
  const words = say();
  const { answer } = item;
  const parts = [];
  const headline = element("p", { class: "answer" }, element("strong", { text: answer.category ?? answer.category_id }), " ",
    element("span", { class: "score", text: percent(answer.score) }));
  if (answer.decision) headline.append(" ", element("span", { class: `badge ${answer.decision}`, text: words[answer.decision] ?? answer.decision }));
  parts.push(headline);
  if (answer.reason) parts.push(element("p", { class: "faint", text: words.reason(answer.reason) }));
  if (answer.labels) parts.push(element("p", { text: answer.labels.length ? words.labels + answer.labels.join(words.comma) : words.noLabel }));
  if (answer.set) parts.push(element("p", { text: answer.set.length ? words.set + answer.set.join(words.comma) : words.emptySet }));
  parts.push(element("h3", { text: words.best }), bars(answer.top.slice(0, SHOWN), words.best));
  if (model.calibrated && !item.calibrated) parts.push(element("p", { class: "faint", text: words.notCalibrated }));
  if (model.takes_text) parts.push(...textOf(item));
  parts.push(why(item));
  return parts;
}

function textOf(item) {
  const words = say();
  const lines = item.answer.text?.lines ?? [];
  const heading = element("h3", { text: words.text });
  if (!lines.length) return [heading, element("p", { class: "faint", text: item.withText ? words.noText : words.leftOut })];
  const effects = item.answer.explanation?.lines ?? [];
  const list = element("ul", { class: "lines", onkeydown: (event) => step(event, list) }, ...lines.map((line, place) => {
    const effect = effects[place];
    return element("li", {}, element("button", {
      type: "button", "data-line": place, "data-key": `line-${place}`, tabindex: place ? -1 : 0, "aria-pressed": String(item.pinned === place),
      onclick: () => pin(item, place), onfocus: () => mark(item, place), onblur: () => mark(item, item.pinned),
      onpointerenter: () => mark(item, place), onpointerleave: () => mark(item, item.pinned),
    }, element("span", { class: "text", text: line.text }),
    typeof effect === "number" ? element("span", { class: `effect ${effect > 0 ? "falls" : "rises"}`, text: points(effect) }) : null));
  }));
  return [heading, list, effects.length ? element("p", { class: "faint", text: words.falls }) : null].filter(Boolean);
}

/** The lines of a picture are one stop of the Tab key; the arrow keys go from line to line. */
function step(event, list) {
  const buttons = [...list.querySelectorAll("button")];
  const here = buttons.indexOf(document.activeElement);
  const place = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (here < 0 || !buttons[place]) return;
  event.preventDefault();
  for (const button of buttons) button.tabIndex = button === buttons[place] ? 0 : -1;
  buttons[place].focus();
}

function why(item) {
  const words = say();
  const found = item.answer.explanation;
  if (!found) {
    const busy = item.state !== "done";
    return element("p", {}, element("button", { type: "button", "data-key": "why", text: words.why, "aria-label": words.whyThis(item.name), "aria-disabled": busy && "true", onclick: () => {
      if (item.state === "sending" || item.state === "waiting") return;
      item.wantsWhy = true;
      again([item]);
    } }));
  }
  return element("div", { class: "why three" },
    alone(words.image, found.image), alone(words.textAlone, found.text), alone(words.both, found.both));
}

function alone(title, said) {
  return element("section", {}, element("h3", { text: title }), said ? bars(said.top, title) : element("p", { class: "faint", text: say().nothing }));
}

function regionsOf(item, { both, regions }) {
  const words = say();
  const box = element("input", { type: "checkbox", role: "switch", "data-key": "regions", onchange: () => {
    item.hidesRegions = !box.checked;
    render(item);
  } });
  box.checked = !item.hidesRegions;
  const strength = regions.effect.map(Math.abs);
  const place = strength.indexOf(Math.max(...strength));
  const most = words.most(Math.floor(place / regions.columns) + 1, (place % regions.columns) + 1, points(regions.effect[place]));
  return [
    element("p", {}, element("label", { class: "switch" }, box, ` ${words.showRegions}`)),
    element("p", { class: "faint", text: `${words.regions(both.name)} ${most}` }),
    element("p", { class: "faint" }, element("span", { class: "key for" }), words.forIt, element("br"), element("span", { class: "key against" }), words.against),
  ];
}

// What is shown of all

function show() {
  const words = say();
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = words[one.dataset.say];
  at("language").textContent = words.language;
  at("language").lang = language === "zh" ? "en" : "zh-CN";
  at("progress").setAttribute("aria-label", words.progress);
  if (model) {
    at("title").textContent = document.title = words.title(model.name);
    at("about").textContent = `${words.about(model.classes.length, model.takes_text)}${model.calibrated ? words.calibrated : words.uncalibrated}`;
    at("without").hidden = !model.takes_text;
    at("card").hidden = !model.card;
    at("card").querySelector("pre").textContent = model.card ?? "";
  }
  for (const item of items) render(item);
  showRun();
}

function showRun() {
  const words = say();
  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  const failed = count("failed");
  const open = count("waiting", "sending");
  const seconds = Math.ceil((notBefore - Date.now()) / 1000);
  at("work").hidden = !items.length;
  at("progress").max = Math.max(items.length, 1);
  at("progress").value = count("done", "failed");
  const parts = [words.done(count("done"), items.length)];
  if (failed) parts.push(words.failed(failed));
  let told = parts.join(language === "zh" ? "，" : ", ") + (language === "zh" ? "。" : ".");
  if (open && needsToken) told += ` ${words.needsToken}`;
  else if (open && seconds > 0) told += ` ${words.waits(seconds)}`;
  else if (count("stopped")) told += ` ${words.held}`;
  if (at("status").textContent !== told) at("status").textContent = told;
  toggle("stop", open > 0, "go-on");
  toggle("go-on", count("stopped") > 0 && !open, "stop");
  at("save").disabled = !count("done", "failed");
  at("token").hidden = !needsToken;
  at("gone").hidden = !gone;
  const explained = gone ? words.gone(location.host) : "";
  if (at("gone").querySelector("p").textContent !== explained) at("gone").querySelector("p").textContent = explained;
}

/** Show or hide a button; its focus goes to the other one, or to where pictures are chosen. */
function toggle(id, shown, other) {
  const focused = document.activeElement === at(id);
  at(id).hidden = !shown;
  if (focused && !shown) setTimeout(() => (at(other).hidden ? at("save") : at(other)).focus());
}

// The table: the columns of kdxf inference --with-name --with-score --excel

const SEPARATOR = "|";
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const guarded = (cell) => (/^'*[=+\-@\t\r\n]/.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell);
const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

function csv() {
  const settled = items.filter((item) => item.answer || item.problem);
  const answers = settled.map((item) => item.answer).filter(Boolean);
  const sets = answers.some((answer) => answer.set);
  const decisions = answers.some((answer) => answer.decision);
  const idOf = new Map(model.classes.map((one) => [one.name, one.id]));
  const header = ["image_id", "category_id", "category_name", "score"];
  if (sets) header.push("set", "set_names");
  if (decisions) header.push("decision", "reason");
  const rows = settled.map((item) => {
    const { answer } = item;
    const row = [item.name, ...best(answer, idOf)];
    if (sets) row.push((answer?.set ?? []).map((name) => idOf.get(name)).join(SEPARATOR), (answer?.set ?? []).join(SEPARATOR));
    if (decisions) row.push(answer?.decision ?? "", answer?.reason ?? "");
    row.push(answer ? answer.error ?? "" : problemText(item));
    return row;
  });
  return "\ufeff" + [[...header, "error"], ...rows].map((row) => row.map((cell) => quoted(guarded(String(cell)))).join(",") + "\n").join("");
}

function best(answer, idOf) {
  if (!answer) return ["", "", ""];
  if (!answer.labels) return [answer.category_id, answer.category ?? "", answer.score.toFixed(6)];
  const scoreOf = new Map(answer.top.map((one) => [one.name, one.score.toFixed(6)]));
  return [(name) => idOf.get(name), (name) => name, (name) => scoreOf.get(name) ?? ""].map((of) => answer.labels.map(of).join(SEPARATOR));
}

function problemText({ problem: { kind, message } }) {
  return message || (say().problems[kind] ?? say().problems.other(kind));
}

function save() {
  const link = element("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })), download: "predictions.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// What people do

at("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});
addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  at("drop").classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget === null && at("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  at("drop").classList.remove("over");
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  add(event.dataTransfer.files);
});
addEventListener("paste", (event) => event.clipboardData?.files.length && add(event.clipboardData.files, true));
at("no-text").addEventListener("change", () => again(items.filter((item) => item.state === "done")));
at("token").addEventListener("submit", (event) => {
  event.preventDefault();
  remember(session, TOKEN, at("secret").value);
  at("secret").value = "";
  needsToken = false;
  load();
});
at("gone").querySelector("button").addEventListener("click", async () => {
  await load();
  if (!gone) at("files").focus();
});
at("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  remember(local, LANGUAGE, language);
  show();
});
for (const [id, act] of Object.entries({ stop, save, clear, "go-on": () => again(items.filter((item) => item.state === "stopped")) })) at(id).addEventListener("click", act);
// A service that was busy is asked again as soon as it said.
setInterval(() => (notBefore && notBefore > Date.now() ? showRun() : notBefore && ((notBefore = 0), pump())), 250);
load();
