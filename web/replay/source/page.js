// The replay page: one state (step, power, speed, whether the equilibrium is shown), and the parts that show it.
import plotStyle from "uplot/dist/uPlot.min.css";
import { BudgetChart, BudgetLegend, LineChart } from "./charts.js";
import { Events } from "./events.js";
import { Network } from "./network.js";
import { Numbers } from "./table.js";
import { Why } from "./why.js";
import { element, number } from "./words.js";

const SPEEDS = [0.5, 1, 2, 4, 8, 16];
const FAR = 10;
const KEYS = [
  ["Space", "play, pause"], ["← →", "previous, next step"], ["Page Up, Page Down", "ten steps back, forward"],
  ["Home, End", "start, end"], ["+ −", "faster, slower"], ["n, p", "next, previous event"],
  ["1 … 9", "choose a power"], ["[ ]", "previous, next power"], ["g", "show, hide the equilibrium"],
  ["Tab, ↑ ↓", "move in the list of events"], ["?", "show, hide these keys"],
];

class Page {
  constructor(root, episode) {
    this.episode = episode;
    this.last = episode.frames.length - 1;
    this.step = 0;
    this.power = 0;
    this.speed = SPEEDS.indexOf(2);
    this.hasGhost = episode.equilibrium !== null;
    this.timer = null;
    this.charts = [];
    root.append(this.controls(), this.panels());
    this.resize();
    this.redraw();
    this.show();
    new ResizeObserver(() => { this.resize(); this.show(); }).observe(this.main);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    document.addEventListener("keydown", (event) => this.press(event));
  }

  // -- what there is on the page ------------------------------------------------------------------

  controls() {
    const button = (words, label, act) => {
      const made = element("button", { type: "button", "aria-label": label, title: label }, words);
      made.addEventListener("click", act);
      return made;
    };
    const select = (id, options, act) => {
      const made = element("select", { id }, ...options.map((words, k) => element("option", { value: k }, words)));
      made.addEventListener("change", () => act(Number(made.value)));
      return made;
    };
    this.playing = element("button", { type: "button", id: "play" }, "Play");
    this.playing.addEventListener("click", () => this.toggle());
    this.slider = element("input", {
      type: "range", id: "scrub", min: 0, max: this.last, step: 1, value: 0, "aria-label": "step",
    });
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.when = element("output", { id: "when", for: "scrub" });
    this.speeds = select("speed", SPEEDS.map((each) => `${each} steps/s`), (k) => { this.speed = k; });
    this.speeds.value = this.speed;
    this.powers = select("power", this.episode.names.map((name, power) => `${number(power)} ${name}`),
      (power) => this.choose(power));
    const parts = [element("label", {}, "speed ", this.speeds), element("label", {}, "power ", this.powers)];
    if (this.episode.equilibrium) {
      this.ghost = element("input", { type: "checkbox", id: "ghost", checked: true });
      this.ghost.addEventListener("change", () => this.setGhost(this.ghost.checked));
      parts.push(element("label", {}, this.ghost, " equilibrium (dashed)"));
    }
    this.help = element("dl", { id: "keys", hidden: true },
      ...KEYS.filter(([key]) => key !== "g" || this.episode.equilibrium)
        .map(([key, words]) => element("div", {}, element("dt", {}, key), element("dd", {}, words))));
    this.helping = element("button", { type: "button", "aria-expanded": "false", "aria-controls": "keys" }, "Keys");
    this.helping.addEventListener("click", () => this.toggleHelp());
    parts.push(this.helping);
    const film = element("div", { class: "film" },
      this.playing, button("←", "one step back", () => this.seek(this.step - 1)),
      button("→", "one step forward", () => this.seek(this.step + 1)), this.slider, this.when);
    return element("div", { class: "controls", role: "group", "aria-label": "playing" },
      film, element("div", { class: "choices" }, ...parts), this.help);
  }

  panels() {
    const { episode } = this;
    const panel = (name, title, ...children) => element("section", { class: `panel ${name}`, "aria-label": title },
      element("h2", {}, title), ...children);
    const picture = panel("powers", "The powers");
    this.network = new Network(picture, episode, (power) => this.choose(power));

    const told = element("ul", { class: "told" });
    const all = panel("all", "All events");
    this.year = element("h2");
    const now = element("section", { class: "panel now-told", "aria-label": "events of the year" }, this.year, told);
    this.events = new Events(told, all, episode, (step) => this.seek(step));

    const times = episode.frames.map((_, step) => step / episode.stepsAYear);
    const longest = Math.max(times.length, ...(episode.equilibrium?.series ?? []).map((values) => values[0].length));
    const xs = Array.from({ length: longest }, (_, step) => step / episode.stepsAYear);
    const seek = (step) => this.seek(step);
    const shown = [picture];
    if (episode.budget.length) {
      const budget = panel("budget", "Budget");
      this.budgetTitle = budget.firstChild;
      this.charts.push(new BudgetChart(budget, episode.budget, episode.income, episode.equilibrium?.budget, times, xs, seek));
      this.legend = new BudgetLegend(budget, episode.budget, episode.income);
      shown.push(budget);
    }
    // A game of amounts without events has nothing to list here: its actions are among the series.
    if (episode.frames.some((frame) => frame.events.length)) shown.push(now);
    const reasons = [];
    if (episode.payoff.length || episode.frames.some((frame) => frame.reasons.length)) {
      reasons.push(panel("why", "Why"));
      this.why = new Why(reasons[0], episode, (power) => this.choose(power));
    }
    const lines = element("div", { class: "lines" });
    episode.series.forEach((series, k) => {
      const figure = element("figure", { role: "img", "aria-label": `${series.label} of each power over the years; the table holds the numbers` },
        element("figcaption", {}, element("b", {}, series.label), ` ${[series.unit, series.doc].filter(Boolean).join(", ")}`));
      lines.append(figure);
      this.charts.push(new LineChart(figure, series, episode.equilibrium?.series[k], times, xs, seek));
    });
    const table = panel("table", "Values in this year");
    const scrolled = element("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": "numbers" });
    table.append(scrolled);
    this.numbers = new Numbers(scrolled, episode, (power) => this.choose(power));
    const words = `Years on the horizontal axis; each line carries the number of its power, and the chosen power's is thick.${
      episode.equilibrium ? " Dashed: the equilibrium in the same world." : ""} ${episode.note}`;
    const rooms = [episode.budget.length ? "with-budget" : "", reasons.length ? "with-why" : ""];
    this.main = element("main", { class: rooms.filter(Boolean).join(" ") },
      ...shown, element("section", { class: "panel charts", "aria-label": "lines" }, lines, element("p", { class: "quiet" }, words)),
      ...reasons,
      table, all);
    return this.main;
  }

  // -- showing ------------------------------------------------------------------------------------

  resize() {
    this.network.resize();
    this.charts.forEach((chart) => chart.resize());
  }

  redraw() {
    this.charts.forEach((chart) => { chart.draw(this.power, this.hasGhost); chart.moveTo(this.step); });
    if (this.budgetTitle) this.budgetTitle.textContent = `Budget of ${this.episode.names[this.power]}`;
  }

  show() {
    const { when, phase } = this.episode.frames[this.step];
    const words = phase ? `${when}, ${phase}` : when;
    this.slider.value = this.step;
    this.slider.setAttribute("aria-valuetext", words);
    this.when.textContent = words;
    this.year.textContent = words[0].toUpperCase() + words.slice(1);
    this.powers.value = this.power;
    this.network.draw(this.step, this.power);
    this.charts.forEach((chart) => chart.moveTo(this.step));
    this.legend?.moveTo(this.step, this.power);
    this.events.moveTo(this.step);
    this.why?.moveTo(this.step, this.power);
    this.numbers.moveTo(this.step, this.power, this.hasGhost);
  }

  // -- acting -------------------------------------------------------------------------------------

  seek(step) {
    const next = Math.min(Math.max(step, 0), this.last);
    this.halt();
    if (next === this.step) return;
    this.step = next;
    this.show();
  }

  choose(power) {
    if (power < 0 || power >= this.episode.names.length || power === this.power) return;
    this.power = power;
    this.redraw();
    this.show();
  }

  setGhost(hasGhost) {
    if (!this.episode.equilibrium) return;
    this.hasGhost = hasGhost;
    this.ghost.checked = hasGhost;
    this.redraw();
    this.show();
  }

  setSpeed(speed) {
    this.speed = Math.min(Math.max(speed, 0), SPEEDS.length - 1);
    this.speeds.value = this.speed;
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    this.helping.setAttribute("aria-expanded", String(!this.help.hidden));
  }

  toggle() {
    if (this.timer !== null) {
      this.halt();
      return;
    }
    if (this.step >= this.last) {
      this.step = 0;
      this.show();
    }
    this.playing.textContent = "Pause";
    // A screen reader should not announce every year while the episode plays.
    this.when.setAttribute("aria-live", "off");
    this.wait();
  }

  wait() {
    this.timer = setTimeout(() => {
      this.step += 1;
      this.show();
      if (this.step >= this.last) this.halt();
      else this.wait();
    }, 1000 / SPEEDS[this.speed]);
  }

  halt() {
    clearTimeout(this.timer);
    this.timer = null;
    this.playing.textContent = "Play";
    this.when.setAttribute("aria-live", "polite");
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    // Controls keep their own keys.
    if (target.matches("select")) return;
    if (key === " " && target.matches("button, input[type=checkbox]")) return;
    const act = this.action(key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  action(key) {
    const toEvent = (direction) => () => {
      const step = this.events.next(this.step, direction);
      if (step !== undefined) this.seek(step);
    };
    if (/^[1-9]$/.test(key)) return () => this.choose(Number(key) - 1);
    return {
      " ": () => this.toggle(),
      ArrowLeft: () => this.seek(this.step - 1),
      ArrowRight: () => this.seek(this.step + 1),
      PageUp: () => this.seek(this.step - FAR),
      PageDown: () => this.seek(this.step + FAR),
      Home: () => this.seek(0),
      End: () => this.seek(this.last),
      "+": () => this.setSpeed(this.speed + 1),
      "=": () => this.setSpeed(this.speed + 1),
      "-": () => this.setSpeed(this.speed - 1),
      "[": () => this.choose(this.power - 1),
      "]": () => this.choose(this.power + 1),
      n: toEvent(1),
      p: toEvent(-1),
      g: () => this.setGhost(!this.hasGhost),
      "?": () => this.toggleHelp(),
    }[key];
  }
}

document.head.append(element("style", {}, plotStyle));
new Page(document.getElementById("replay"), JSON.parse(document.getElementById("episode").textContent));
