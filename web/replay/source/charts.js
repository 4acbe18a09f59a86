// Series over the years, and the stacked budget: drawn by uPlot, with a marker for the current year.
import uPlot from "uplot";
import { bandColour, bandVariable, element, letter, number, powerColour, style, withUnit } from "./words.js";

const FONT = "11px system-ui, sans-serif";
const ROOM_RIGHT = 26;
const LEAST_APART = 11;
const MOST_NUMBERED = 8;

function fromZero(_, low, high) {
  if (low === null || high === null) return [0, 1];
  const top = high > 0 ? high * 1.06 : 0, bottom = low < 0 ? low * 1.06 : 0;
  return top > bottom ? [bottom, top] : [0, 1];
}

function axes(unit) {
  const shared = {
    stroke: style("--quiet"), font: FONT, grid: { stroke: style("--grid"), width: 1 },
    ticks: { show: false },
  };
  return [
    { ...shared, size: 22, gap: 4, space: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      values: (_, ticks) => ticks.map((tick) => String(tick)), grid: { show: false } },
    { ...shared, size: 44, gap: 4, space: 26,
      values: (_, ticks) => ticks.map((tick) => `${Number(tick.toPrecision(4))}`.replace("-", "−")) },
  ];
}

// Writes short names at the ends of lines, moved apart where they would overlap.
function nameEnds(plot, ends) {
  const ratio = uPlot.pxRatio, { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const placed = ends
    .map(({ name, value, colour }) => ({ name, colour, y: plot.valToPos(value, "y", true) }))
    .sort((one, other) => one.y - other.y);
  const apart = LEAST_APART * ratio;
  placed.forEach((end, k) => { if (k) end.y = Math.max(end.y, placed[k - 1].y + apart); });
  let bottom = top + height;
  for (const end of [...placed].reverse()) {
    end.y = Math.min(end.y, bottom);
    bottom = end.y - apart;
  }
  ctx.save();
  ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const { name, y, colour } of placed) {
    ctx.fillStyle = colour;
    ctx.fillRect(left + width + 3 * ratio, y - 3 * ratio, 5 * ratio, 6 * ratio);
    ctx.fillStyle = style("--ink");
    ctx.fillText(name, left + width + 11 * ratio, y);
  }
  ctx.restore();
}

class Chart {
  constructor(host, times, seek) {
    this.times = times;
    this.seek = seek;
    this.body = element("div", { class: "plot" });
    host.append(this.body);
    this.now = element("div", { class: "now" });
  }

  build(options, data) {
    this.plot?.destroy();
    const { width, height } = this.body.getBoundingClientRect();
    this.plot = new uPlot({
      width: Math.max(width, 120), height: Math.max(height, 90), pxAlign: false,
      padding: [6, ROOM_RIGHT, 0, 0], legend: { show: false }, cursor: { show: false },
      ...options,
    }, data, this.body);
    this.plot.over.append(this.now);
    this.plot.over.addEventListener("pointerdown", (event) => {
      this.plot.over.setPointerCapture(event.pointerId);
      this.seekTo(event);
    });
    this.plot.over.addEventListener("pointermove", (event) => {
      if (event.buttons) this.seekTo(event);
    });
  }

  seekTo(event) {
    const time = this.plot.posToVal(event.clientX - this.plot.over.getBoundingClientRect().left, "x");
    let nearest = 0;
    this.times.forEach((each, step) => {
      if (Math.abs(each - time) < Math.abs(this.times[nearest] - time)) nearest = step;
    });
    this.seek(nearest);
  }

  resize() {
    const { width, height } = this.body.getBoundingClientRect();
    if (width && height && this.plot) {
      this.plot.setSize({ width, height });
      this.moveTo(this.step ?? 0);
    }
  }

  moveTo(step) {
    this.step = step;
    this.now.style.transform = `translateX(${this.plot.valToPos(this.times[step], "x")}px)`;
  }
}

const padded = (values, length) => Array.from({ length }, (_, k) => values[k] ?? null);
const last = (values) => {
  for (let k = values.length - 1; k >= 0; k -= 1) if (values[k] !== null) return values[k];
  return null;
};
// Short games show their points; the equilibrium's are hollow.
const points = (count, fill) => ({ show: count <= 12, size: 6, fill });

export class LineChart extends Chart {
  constructor(host, series, ghost, times, xs, seek) {
    super(host, times, seek);
    this.series = series;
    this.ghost = ghost;
    this.xs = xs;
  }

  draw(chosen, hasGhost) {
    const powers = this.series.values.map((_, power) => power);
    // The chosen power is drawn last, on top.
    const order = [...powers.filter((power) => power !== chosen), chosen];
    const ghosts = hasGhost && this.ghost ? order : [];
    const isCrowded = powers.length > MOST_NUMBERED;
    const colour = (power) => (isCrowded && power !== chosen ? style("--faint") : powerColour(power));
    const length = this.xs.length;
    this.build({
      scales: { x: { time: false }, y: { range: fromZero } },
      axes: axes(this.series.unit),
      series: [
        {},
        ...ghosts.map((power) => ({
          stroke: colour(power), width: power === chosen ? 2 : 1.2, dash: [5, 4],
          points: points(length, style("--paper")),
        })),
        ...order.map((power) => ({
          stroke: colour(power), width: power === chosen ? 3 : 1.4, points: points(length, colour(power)),
        })),
      ],
      hooks: {
        draw: [(plot) => nameEnds(plot, (isCrowded ? [chosen] : powers)
          .map((power) => ({ name: number(power), value: last(this.series.values[power]), colour: powerColour(power) }))
          .filter((end) => end.value !== null))],
      },
    }, [
      this.xs,
      ...ghosts.map((power) => padded(this.ghost[power], length)),
      ...order.map((power) => padded(this.series.values[power], length)),
    ]);
  }
}

// Cumulative sums from the bottom up; null where the power is out of the game.
function stacked(parts, power) {
  const sums = [];
  parts.forEach((values, band) => {
    sums.push(values[power].map((value, step) =>
      (value === null ? null : value + (band ? sums[band - 1][step] ?? 0 : 0))));
  });
  return sums;
}

export class BudgetChart extends Chart {
  constructor(host, budget, income, ghost, times, xs, seek) {
    super(host, times, seek);
    this.budget = budget;
    this.income = income;
    this.ghost = ghost;
    this.xs = xs;
  }

  draw(power, hasGhost) {
    const length = this.xs.length;
    const sums = stacked(this.budget.map((part) => part.values), power);
    const ghosts = hasGhost && this.ghost ? stacked(this.ghost, power) : [];
    const incomes = this.income ? [this.income.values[power]] : [];
    const bands = sums.slice(1).map((_, k) => ({ series: [k + 2, k + 1] }));
    this.build({
      scales: { x: { time: false }, y: { range: fromZero } },
      axes: axes(this.budget[0].unit),
      bands,
      series: [
        {},
        ...sums.map((_, band) => ({
          stroke: style("--paper"), width: 1, fill: bandColour(this.budget[band], band), points: { show: false },
        })),
        ...ghosts.map(() => ({ stroke: style("--ink"), width: 1.2, dash: [5, 4], points: { show: false } })),
        ...incomes.map(() => ({ stroke: style("--ink"), width: 2.4, points: points(length, style("--ink")) })),
      ],
      hooks: { draw: [(plot) => nameEnds(plot, this.ends(sums, power))] },
    }, [
      this.xs,
      ...[...sums, ...ghosts, ...incomes].map((values) => padded(values, length)),
    ]);
  }

  ends(sums, power) {
    const found = [];
    sums.forEach((values, band) => {
      const top = last(values), height = last(this.budget[band].values[power]);
      // A band without height needs no name.
      if (top !== null && height > 0) found.push({ name: letter(band), value: top - height / 2, colour: bandColour(this.budget[band], band) });
    });
    return found;
  }
}

// The legend of the bands' letters, with the current year's amounts, the topmost band first.
export class BudgetLegend {
  constructor(host, budget, income) {
    this.budget = budget;
    this.income = income;
    this.amounts = budget.map(() => element("td"));
    this.incomeAmount = element("td");
    const rows = budget.map((part, band) => {
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = part.colour || bandVariable(band);
      return element("tr", {},
        element("th", { scope: "row" }, swatch, `${letter(band)} ${part.label}`), this.amounts[band]);
    }).reverse();
    if (income) {
      const swatch = element("span", { class: "swatch line", "aria-hidden": "true" });
      rows.unshift(element("tr", { title: income.doc },
        element("th", { scope: "row" }, swatch, income.label), this.incomeAmount));
    }
    host.append(element("table", { class: "bands" },
      element("caption", {}, budget[0].unit || "amounts"), element("tbody", {}, ...rows)));
  }

  moveTo(step, power) {
    this.budget.forEach((part, band) => {
      this.amounts[band].textContent = withUnit(part.values[power][step], part.unit);
    });
    if (this.income) this.incomeAmount.textContent = withUnit(this.income.values[power][step], this.income.unit);
  }
}
