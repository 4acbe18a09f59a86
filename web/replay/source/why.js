// Why the year went as it did: what each side of an event ordered and saw, and the parts of the payoffs.
import { element, number, shown } from "./words.js";

export class Why {
  constructor(host, episode, choose) {
    this.episode = episode;
    this.reasons = element("div", { class: "reasons" });
    host.append(this.reasons);
    this.cells = [];
    if (episode.payoff.length) host.append(this.table(choose));
  }

  table(choose) {
    const { names, payoff } = this.episode;
    const head = (words, doc) => element("th", { scope: "col", title: doc }, words);
    this.rows = names.map((name, power) => {
      const own = [...payoff, null].map(() => element("td"));
      this.cells.push(own);
      const row = element("tr", {}, element("th", { scope: "row" }, this.swatch(power), `${number(power)} ${name}`), ...own);
      row.addEventListener("click", () => choose(power));
      return row;
    });
    const unit = payoff[0].unit ? ` (${payoff[0].unit})` : "";
    const meanings = payoff.map(({ label, doc }) => `${label}: ${doc}`).join("; ");
    return element("div", { class: "parts scrolled", tabindex: "0", role: "region", "aria-label": "parts of the payoff" },
      element("p", { class: "quiet" }, `${meanings[0].toUpperCase()}${meanings.slice(1)}.`),
      element("table", { class: "payoffs" },
        element("caption", {}, `Payoff of the year and its parts${unit}`),
        element("thead", {}, element("tr", {}, head("power"), ...payoff.map(({ label, doc }) => head(label, doc)), head("payoff"))),
        element("tbody", {}, ...this.rows)));
  }

  swatch(power) {
    const made = element("span", { class: "swatch", "aria-hidden": "true" });
    made.style.background = `var(--power-${power % 8})`;
    return made;
  }

  moveTo(step, chosen) {
    const { frames, names, payoff } = this.episode;
    const { reasons, payoffs } = frames[step];
    this.reasons.replaceChildren(...(reasons.length ? reasons.map(({ event, lines }) => element("section", {},
      element("h3", {}, event),
      element("ul", {}, ...lines.map(([power, words]) => element("li", {},
        this.swatch(power), element("b", {}, `${number(power)} ${names[power]}`), ` ${words}`)))))
      : [element("p", { class: "quiet" }, step === 0 ? "Nothing has happened yet." : "Nothing to explain.")]));
    this.cells.forEach((own, power) => {
      this.rows[power].classList.toggle("chosen", power === chosen);
      payoff.forEach((each, k) => { own[k].textContent = shown(each.values[power][step]); });
      const isOut = payoff.every((each) => each.values[power][step] === null);
      own.at(-1).textContent = isOut ? "–" : shown(payoffs[power]);
    });
  }
}
