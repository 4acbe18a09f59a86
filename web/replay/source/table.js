// The current year as a table: all that the charts show, also for readers who cannot see them.
import { element, number, shown, withUnit } from "./words.js";

export class Numbers {
  constructor(host, episode, choose) {
    this.episode = episode;
    const units = episode.series.map(({ unit }) => (unit ? ` (${unit})` : ""));
    const head = (words, kind) => element("th", { scope: "col", class: kind }, words);
    const heads = [head("power"), ...(episode.players.length ? [head("played by", "words")] : []),
      ...episode.series.map((each, k) => head(each.label + units[k])), head("payoff")];
    this.cells = [];
    this.rows = episode.names.map((name, power) => {
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = `var(--power-${power % 8})`;
      const own = [...episode.series, null].map(() => element("td"));
      this.cells.push(own);
      const row = element("tr", {}, element("th", { scope: "row" }, swatch, `${number(power)} ${name}`),
        ...(episode.players.length ? [element("td", { class: "words" }, episode.players[power])] : []), ...own);
      row.addEventListener("click", () => choose(power));
      return row;
    });
    host.append(element("table", { class: "numbers" },
      ...(episode.equilibrium ? [element("caption", {}, "In brackets: the equilibrium in the same world.")] : []),
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...this.rows)));
  }

  moveTo(step, chosen, hasGhost) {
    const { equilibrium } = this.episode;
    const { payoffs } = this.episode.frames[step];
    this.cells.forEach((own, power) => {
      this.rows[power].classList.toggle("chosen", power === chosen);
      this.episode.series.forEach((each, k) => {
        const theory = hasGhost && equilibrium ? ` (${shown(equilibrium.series[k][power][step])})` : "";
        own[k].textContent = withUnit(each.values[power][step], each.unit) + theory;
      });
      own.at(-1).textContent = withUnit(payoffs[power], "");
    });
  }
}
