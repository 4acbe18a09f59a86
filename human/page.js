"use strict";
// The page of one seat. It shows what the server sends and computes nothing of the game.

const byId = (name) => document.getElementById(name);
const FEW = 2;         // number of closed controls with one reason that are shown individually
const SOON = 60, FIRST_WAIT = 500, LONGEST_WAIT = 5000;

let socket = null;
let wait = FIRST_WAIT;
let state = null;      // the last state from the server
let draft = [];        // the decision in the form
let controls = [];     // for each part of the decision, a function that shows its value
let projecting = null; // a timer
let asked = 0;         // number of the last request: answers to earlier ones are ignored

function make(tag, content, attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...[content ?? []].flat());
  return element;
}

const signed = (value) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(3);
// A run is shown by the last two parts of its path.
const shortName = (name) => name.split(/[\\/]/).slice(-2).join("/").replaceAll("_", " ");
const upper = (words) => words.charAt(0).toUpperCase() + words.slice(1);

// -- messages -----------------------------------------------------------------------------------

function connect() {
  const address = new URL("live", location.href);
  address.protocol = "ws:";
  socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    showConnection("", false);
  });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    showConnection("Connection lost; reconnecting. If the game was restarted, open its new address.", true);
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  });
}

function showConnection(words, isLost) {
  const place = byId("connection");
  place.textContent = words;
  place.classList.toggle("lost", isLost);
  showBar();
}

const isConnected = () => socket !== null && socket.readyState === WebSocket.OPEN;

function send(message) {
  if (isConnected()) socket.send(JSON.stringify(message));
}

function receive(message) {
  if (message.kind === "state") {
    const isNew = state === null || state.step !== message.step;
    const isFirst = state === null;
    state = message;
    if (isNew || state.has_decided) draft = [...state.proposal];
    show(isNew);
    if (isNew && !isFirst) byId(state.over ? "ending-head" : "news-head").focus();
  } else if (message.kind === "projection" && message.number === asked) {
    showProjection(message.projection);
  } else if (message.kind === "advice") {
    draft = [...message.action];
    controls.forEach((control) => control());
    byId("answer").textContent = "";
    project();
  } else if (message.kind === "refused") {
    byId("answer").textContent = message.words;
    showBar();
  }
}

function project() {
  clearTimeout(projecting);
  projecting = setTimeout(() => {
    asked += 1;
    send({ kind: "project", number: asked, action: draft });
  }, SOON);
}

function change(part, value) {
  draft[part] = value;
  byId("answer").textContent = "";
  project();
}

// -- showing ------------------------------------------------------------------------------------

function show(isNew) {
  byId("game").hidden = false;
  document.title = `${state.name}, ${state.when} – Counterpoise`;
  byId("who").textContent = state.name;
  byId("title").textContent = state.title;
  byId("when").textContent = state.over ? "The end" : upper(state.when);
  byId("score").textContent = state.step ? `${state.over ? "Score" : "Score so far"} ${signed(state.score)}` : "";
  byId("news-head").textContent = state.step ? `${upper(state.past.at(-1).when)}: what happened` : "The beginning";
  byId("news").replaceChildren(...state.news.map((line) => make("li", line)));
  byId("heard").hidden = state.news.length === 0 && state.past.length === 0;
  byId("past").replaceChildren(...state.past.map((year) => make("li", [
    `${upper(year.when)}: ${year.news.join(" ")}`,
    make("span", `payoff ${signed(year.payoff)}`, { class: "quiet" }),
  ])));
  byId("notes").replaceChildren(...state.notes.map((line) => make("li", line)));
  if (isNew) showForm();
  else controls.forEach((control) => control());
  byId("own").replaceChildren(...state.own.map(showFact));
  byId("rules").replaceChildren(...state.rules.map(showFact));
  byId("rules").parentElement.hidden = state.rules.length === 0;
  showMeanings();
  byId("answer").textContent = "";
  for (const field of byId("decide").querySelectorAll("fieldset, #own-parts, .advice")) {
    lock(field, state.has_decided || state.over !== "");
  }
  showEnding();
  showBar();
  if (state.over) {
    clearTimeout(projecting);
    asked += 1;
    byId("projection").hidden = true;
  } else {
    project();
  }
}

// Controls that the rules close stay closed when the others are unlocked.
function lock(field, isLocked) {
  for (const control of field.querySelectorAll("select, input, button")) {
    control.disabled = isLocked || control.dataset.closed === "yes";
  }
}

function showFact(fact) {
  const words = fact.is_estimate ? [make("abbr", "≈", { title: "an estimate" }), ` ${fact.words}`] : fact.words;
  return make("div", [make("dt", upper(fact.label), { title: fact.doc }), make("dd", words)],
    { class: fact.is_estimate ? "estimate" : null });
}

function showMeanings() {
  const parts = state.parts.map((part) => [part.label, part.doc]);
  const facts = [...state.own, ...(state.about[0] ?? []), ...state.rules].map((fact) => [fact.label, fact.doc]);
  const meanings = new Map([...facts, ...parts].map(([label, doc]) => [`${label} ${doc}`, [label, doc]]));
  byId("meanings").replaceChildren(...[...meanings.values()].filter(([, doc]) => doc).map(
    ([label, doc]) => make("div", [make("dt", `${upper(label)}: `), make("dd", doc)])));
}

function showForm() {
  controls = [];
  const adviser = byId("adviser");
  const chosen = adviser.value;
  adviser.replaceChildren(...state.advisers.map((name) => make("option", name.replaceAll("_", " "), { value: name })));
  if (state.advisers.includes(chosen)) adviser.value = chosen;
  const own = state.parts.map((part, k) => [part, k]).filter(([part]) => part.place < 0);
  byId("own-parts").replaceChildren(...showParts(own));
  byId("others").replaceChildren(...state.others.map((name, place) => showPower(name, place)));
  byId("abroad").hidden = state.others.length === 0;
}

function showPower(name, place) {
  const orders = state.parts.map((part, k) => [part, k]).filter(([part]) => part.place === place);
  const about = state.about[place];
  const isChief = (fact) => state.chief.length === 0 || state.chief.includes(fact.name);
  const inOrder = (one, other) => state.chief.indexOf(one.name) - state.chief.indexOf(other.name);
  const rest = about.filter((fact) => !isChief(fact));
  const children = [
    make("h3", name, { id: `power-${place}` }),
    make("ul", state.tags[place].map((tag) => make("li", tag)), { class: "tags" }),
    make("div", showParts(orders, name)),
    make("dl", about.filter(isChief).sort(inOrder).map(showFact), { class: "facts" }),
  ];
  if (rest.length) {
    children.push(make("details", [make("summary", `More about ${name}`), make("dl", rest.map(showFact), { class: "facts" })]));
  }
  const hasFallen = state.tags[place].includes("fallen");
  return make("fieldset", children, { class: hasFallen ? "power fallen" : "power", "aria-labelledby": `power-${place}` });
}

// Where many parts are closed for one reason, one line replaces their controls.
function showParts(parts, power) {
  const why = ([part]) => whyClosed(part).join("; ");
  const count = (reason) => parts.filter((each) => why(each) === reason).length;
  const folded = parts.filter((each) => why(each) !== "" && count(why(each)) > FEW);
  const shown = parts.filter((each) => !folded.includes(each)).map(([part, k]) => showPart(part, k, power));
  const reasons = [...new Set(folded.map(why))];
  const lines = reasons.map((reason) => {
    const labels = folded.filter((each) => why(each) === reason).map(([part]) => part.label);
    return make("p", `${upper(reason)}: ${labels.join(", ")}.`, { class: "why" });
  });
  return [...shown, ...lines];
}

// The reasons why only option 0 is open; empty if another option is open.
function whyClosed(part) {
  const isClosed = "options" in part && part.closed.slice(1).every((why) => why !== "");
  return isClosed ? [...new Set(part.closed.slice(1))] : [];
}

function showPart(part, k, power) {
  const name = `part-${k}`;
  const label = make("label", upper(part.label), { for: name, title: part.doc });
  const spoken = power ? `${power}: ${part.label}` : part.label;
  if (!("options" in part)) return showAmount(part, k, name, label, spoken);
  return part.is_scale ? showScale(part, k, name, label, spoken) : showChoice(part, k, name, label, spoken);
}

function showChoice(part, k, name, label, spoken) {
  const select = make("select", part.options.map((option, number) => {
    const why = part.closed[number];
    return make("option", why ? `${option} (${why})` : option, { value: number, disabled: why !== "" });
  }), { id: name, "aria-label": spoken });
  if (whyClosed(part).length) select.dataset.closed = "yes";
  select.addEventListener("change", () => change(k, Number(select.value)));
  controls[k] = () => { select.value = String(draft[k]); };
  controls[k]();
  return make("div", [label, select, ...reasonsBelow(part, name, select)], { class: "part" });
}

function showScale(part, k, name, label, spoken) {
  const slider = make("input", null, {
    id: name, type: "range", min: 0, max: part.options.length - 1, step: 1, "aria-label": spoken,
  });
  const output = make("output", "", { for: name });
  if (whyClosed(part).length) slider.dataset.closed = "yes";
  slider.addEventListener("input", () => {
    let number = Number(slider.value);
    while (part.closed[number]) number -= 1; // option 0 is always open
    change(k, number);
    controls[k]();
  });
  controls[k] = () => {
    slider.value = String(draft[k]);
    output.value = part.options[draft[k]];
    slider.setAttribute("aria-valuetext", part.options[draft[k]]);
  };
  controls[k]();
  return make("div", [label, slider, output, ...reasonsBelow(part, name, slider)], { class: "part" });
}

function showAmount(part, k, name, label, spoken) {
  const slider = make("input", null, {
    id: name, type: "range", min: part.low, max: part.high, step: "any", "aria-label": spoken,
  });
  const output = make("output", "", { for: name });
  if (part.low >= part.high) slider.dataset.closed = "yes";
  slider.addEventListener("input", () => {
    change(k, Math.min(Math.max(Number(slider.value), part.low), part.high));
    controls[k]();
  });
  // Arrow keys move a continuous slider by a hundredth of its range.
  slider.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    const moved = draft[k] + (way * (part.high - part.low)) / 100;
    change(k, Math.min(Math.max(moved, part.low), part.high));
    controls[k]();
  });
  controls[k] = () => {
    slider.value = String(draft[k]);
    const words = `${Number(draft[k].toPrecision(4))} ${part.unit}`.trim();
    output.value = words;
    slider.setAttribute("aria-valuetext", words);
  };
  controls[k]();
  return make("div", [label, slider, output], { class: "part" });
}

function reasonsBelow(part, name, control) {
  const reasons = whyClosed(part);
  if (reasons.length === 0) return [];
  control.setAttribute("aria-describedby", `${name}-why`);
  return [make("p", upper(reasons.join("; ")), { class: "why", id: `${name}-why` })];
}

function showProjection(projection) {
  byId("projection").hidden = projection === null;
  if (projection === null) {
    byId("summary").textContent = "";
    return;
  }
  byId("projection-notes").replaceChildren(
    ...projection.warnings.map((warning) => make("li", warning, { class: "warn" })),
    ...projection.notes.map((note) => make("li", note)));
  const colours = { in: "var(--in)", out: "var(--out)", sum: "var(--sum)", state: "transparent" };
  byId("projection-lines").replaceChildren(...projection.lines.map((line) => {
    const row = make("tr", [
      make("th", line.label, { scope: "row" }),
      make("td", line.amount),
      make("td", `${(100 * line.share).toFixed(1).replace("-", "−")} %`),
    ], { class: line.kind });
    const bar = row.firstChild;
    bar.style.backgroundImage = `linear-gradient(${colours[line.kind]}, ${colours[line.kind]})`;
    bar.style.backgroundRepeat = "no-repeat";
    bar.style.backgroundSize = `${Math.min(100, 200 * Math.abs(line.share))}% 100%`;
    return row;
  }));
  byId("summary").textContent = projection.summary;
}

function showBar() {
  if (state === null) return;
  const button = byId("commit");
  const waits = state.has_decided && !state.over;
  byId("bar").hidden = state.over !== "";
  button.disabled = !isConnected() || state.has_decided;
  button.textContent = waits ? `Waiting for ${state.waiting_for.join(", ")}` : `Decide ${state.when}`;
  byId("decide").classList.toggle("waits", waits);
  if (!state.over && isConnected()) {
    const others = state.waiting_for.length ? `Still deciding: ${state.waiting_for.join(", ")}.` : "";
    byId("connection").textContent = waits ? `You have decided. ${others}` : others;
  }
}

function showEnding() {
  const ending = state.ending;
  byId("ending").hidden = ending === null;
  if (ending === null) return;
  const rows = [
    { who: "You", score: ending.score, class: "you" },
    ...ending.beside.map((each) => ({ who: shortName(each.name), score: each.score })),
  ].sort((one, other) => other.score - one.score);
  const seats = ending.people > 1 ? "in the seats of all people" : "in your seat";
  byId("ending-words").replaceChildren(
    make("p", `After ${ending.years} years the game ${state.over}. Your score is the sum of your payoffs, discounted to the `
      + `first year; the others are the scores of strategies ${seats}, from the same seed:`),
    make("table", [
      make("thead", make("tr", [make("th", "Strategy", { scope: "col" }), make("th", "Score", { scope: "col" })])),
      make("tbody", rows.map((row) => make("tr", [make("td", row.who), make("td", signed(row.score))], { class: row.class }))),
    ]),
    make("p", "Strategies of the powers: " + ending.ruled.map(([power, who]) => `${power}, ${shortName(who)}`).join("; ") + ".",
      { class: "quiet" }),
  );
}

// -- actions ------------------------------------------------------------------------------------

function commit() {
  if (state === null || state.has_decided || state.over || !isConnected()) return;
  send({ kind: "commit", step: state.step, action: draft });
}

byId("decide").addEventListener("submit", (event) => {
  event.preventDefault();
  commit();
});
byId("advise").addEventListener("click", () => send({ kind: "advise", name: byId("adviser").value }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    commit();
  }
});
connect();
