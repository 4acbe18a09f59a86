"use strict";
// A replay is a table of one year; the slider chooses the year.

const SPENDS = "rgba(230,159,0,.38)", HOLDS = "rgba(0,114,178,.34)", OWES = "rgba(180,71,138,.38)";
const COLOURS = { spends: SPENDS, holds: HOLDS, owes: OWES };

function shown(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

function cell(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

// The largest value of each column over the whole episode, so that bars can be compared over years.
function scales(episode) {
  return episode.accounts.map((_, column) =>
    Math.max(1e-12, ...episode.frames.flatMap((frame) => frame.accounts[column].map(Math.abs))));
}

function draw(root, episode, step) {
  const frame = episode.frames[step];
  const largest = scales(episode);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  head.append(cell("th", ""));
  for (const account of episode.accounts) {
    const unit = account.unit === "1" ? "" : ` (${account.unit})`;
    head.append(cell("th", `${account.kind}: ${account.label}${unit}`));
  }
  // Amounts stand in the accounts already; choices have words of their own.
  if (episode.choices) head.append(cell("th", "did", "words"));
  head.append(cell("th", "payoff"));
  const body = table.createTBody();
  episode.names.forEach((name, power) => {
    const row = body.insertRow();
    row.append(cell("td", name));
    episode.accounts.forEach((account, column) => {
      const value = frame.accounts[column][power];
      const bar = cell("td", shown(value), "bar");
      const width = Math.min(100, (100 * Math.abs(value ?? 0)) / largest[column]);
      const colour = COLOURS[account.kind] ?? HOLDS;
      bar.style.backgroundImage = `linear-gradient(${colour}, ${colour})`;
      bar.style.backgroundSize = `${width}% 60%`;
      row.append(bar);
    });
    if (episode.choices) row.append(cell("td", frame.deeds[power] || "–", "words"));
    row.append(cell("td", shown(frame.payoffs[power])));
  });
  root.querySelector(".table").replaceChildren(table);
  const everyone = frame.allied.length === 1 && frame.allied[0].length === episode.names.length;
  const groups = frame.allied.map((group) => group.join(" – ")).join("; ");
  root.querySelector(".allied").textContent =
    "Allied: " + (everyone ? "all with all" : groups || "nobody") + (frame.over ? ". The game is over." : ".");
  root.querySelector("output").textContent =
    step === 0 ? "at the start" : `year ${frame.year}` + (frame.phase ? `, next: ${frame.phase}` : "");
}

function animate(root) {
  const episodes = JSON.parse(root.querySelector("script").textContent);
  const slider = root.querySelector("input"), choice = root.querySelector("select");
  const button = root.querySelector("button");
  let timer = null;
  const episode = () => episodes[choice.value];
  const show = () => draw(root, episode(), Number(slider.value));
  const halt = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  };
  const choose = () => {
    slider.max = episode().frames.length - 1;
    show();
  };
  slider.addEventListener("input", () => { halt(); show(); });
  choice.addEventListener("change", () => { halt(); choose(); });
  button.addEventListener("click", () => {
    if (timer !== null) { halt(); return; }
    if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
    button.textContent = "Pause";
    timer = setInterval(() => {
      if (Number(slider.value) >= Number(slider.max)) { halt(); return; }
      slider.value = Number(slider.value) + 1;
      show();
    }, 600);
  });
  choose();
}

document.querySelectorAll(".replay").forEach(animate);
