// The powers on a circle: alliances are lines, acts of one power on another are arrows.
import { drawing, element, number } from "./words.js";

const SMALLEST = 6;
const MOST_NAMED = 12;
const MANY_PAIRS = 60;

function towards(from, to, distance) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return {
    x: from.x + ((to.x - from.x) / length) * distance,
    y: from.y + ((to.y - from.y) / length) * distance,
  };
}

export class Network {
  constructor(host, episode, choose) {
    this.host = host;
    this.episode = episode;
    this.powers = episode.names.length;
    this.called = [...episode.names, ...episode.outsiders];
    this.kinds = Object.fromEntries(episode.tieKinds.map((kind) => [kind.name, kind]));
    this.svg = drawing("svg", { role: "img", class: "network" });
    this.lines = drawing("g", { class: "allied" });
    this.arrows = drawing("g", { class: "ties" });
    this.nodes = drawing("g");
    // Names are drawn over all lines.
    this.svg.append(this.lines, this.arrows, this.nodes);
    this.marks = this.called.map((name, place) => this.mark(name, place, choose));
    this.nodes.append(...this.marks.map((mark) => mark.group));
    host.append(this.svg, this.legend());
    this.largest = 1e-12;
    for (const own of episode.size?.values ?? []) {
      for (const value of own) this.largest = Math.max(this.largest, value ?? 0);
    }
  }

  mark(name, place, choose) {
    const isPower = place < this.powers;
    const group = drawing("g", { class: isPower ? "power" : "power outsider" });
    const disc = drawing("circle");
    const digits = drawing("text", { class: "number" }, isPower ? number(place) : "");
    const label = drawing("text", { class: "name" }, this.called.length <= MOST_NAMED ? name : "");
    const cross = drawing("path", { class: "cross" });
    group.append(drawing("title", {}, name), disc, cross, digits, label);
    if (isPower) {
      disc.style.stroke = `var(--power-${place % 8})`;
      group.addEventListener("click", () => choose(place));
    }
    return { group, disc, digits, label, cross };
  }

  legend() {
    const list = element("ul", { class: "legend" });
    const add = (line, words) => {
      const sample = drawing("svg", { width: 34, height: 16, "aria-hidden": "true" });
      sample.append(...line);
      const item = element("li");
      item.append(sample, words);
      list.append(item);
    };
    if (this.episode.allied.some((pairs) => pairs.length)) {
      add([drawing("line", { x1: 2, y1: 8, x2: 32, y2: 8, class: "alliance" })], "allies");
    }
    for (const kind of this.episode.tieKinds) add(this.sample(kind), kind.label);
    const { size } = this.episode;
    if (size) list.append(element("li", {}, `disc area: ${size.label}`));
    if (this.episode.alive) list.append(element("li", {}, "crossed out: out of the game"));
    return list;
  }

  sample(kind) {
    const parts = this.arrow(kind, { x: 1, y: 8 }, { x: 9, y: 8 }, { x: 33, y: 8 });
    parts.push(...this.badge(kind, { x: 13, y: 8 }));
    return parts;
  }

  // Places depend on the size of the frame.
  resize() {
    // A frame that is not laid out yet has no size; once it has, this is called again.
    const box = this.svg.getBoundingClientRect();
    const width = box.width || 520, height = box.height || 270;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const count = this.called.length;
    const hasNames = count <= MOST_NAMED;
    const around = { x: width / 2 - (hasNames ? 58 : 22), y: height / 2 - (hasNames ? 40 : 20) };
    this.biggest = Math.max(SMALLEST + 3, Math.min(30, (1.9 * Math.min(around.x, around.y)) / Math.max(count, 3)));
    this.places = this.called.map((_, place) => {
      const angle = (2 * Math.PI * place) / count - Math.PI / 2;
      return {
        x: width / 2 + around.x * Math.cos(angle),
        y: height / 2 + around.y * Math.sin(angle) - (hasNames ? 6 : 0),
      };
    });
    this.outwards = this.called.map((_, place) => {
      const angle = (2 * Math.PI * place) / count - Math.PI / 2;
      return { x: Math.cos(angle), y: Math.sin(angle) };
    });
    this.pairs = null;
    this.tied = null;
  }

  radius(place, step) {
    const { size } = this.episode;
    if (!size || place >= this.powers) return 0.6 * this.biggest;
    const value = Math.max(size.values[place][step] ?? 0, 0);
    return Math.max(SMALLEST, this.biggest * Math.sqrt(value / this.largest));
  }

  draw(step, chosen) {
    const frame = this.episode.frames[step];
    const radii = this.places.map((_, place) => this.radius(place, step));
    this.marks.forEach((mark, place) => this.put(mark, place, radii[place], step, chosen));
    if (this.pairs !== frame.allied) {
      this.pairs = frame.allied;
      const pairs = this.episode.allied[frame.allied];
      this.lines.classList.toggle("many", pairs.length > MANY_PAIRS);
      this.lines.replaceChildren(...pairs.map(([one, other]) => {
        const [a, b] = [this.places[one], this.places[other]];
        return drawing("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: "alliance" });
      }));
    }
    if (frame.ties.length || this.tied !== 0) {
      this.tied = frame.ties.length;
      this.arrows.replaceChildren(...this.drawTies(frame.ties, radii));
    }
    this.svg.setAttribute("aria-label", this.inWords(frame));
  }

  put(mark, place, radius, step, chosen) {
    const { x, y } = this.places[place];
    const alive = this.episode.alive?.[place];
    const isOut = alive ? !alive[step] : false;
    mark.group.classList.toggle("chosen", place === chosen);
    mark.group.classList.toggle("out", isOut);
    mark.group.style.transform = `translate(${x}px,${y}px)`;
    mark.disc.setAttribute("r", radius);
    mark.cross.setAttribute("d", isOut
      ? `M${-radius} ${-radius}L${radius} ${radius}M${-radius} ${radius}L${radius} ${-radius}` : "");
    // A number that does not fit into its disc is drawn above it, or outside the circle if there are no names.
    const isInside = radius >= 9, isAbove = this.called.length <= MOST_NAMED;
    const away = isInside ? 0 : radius + 9;
    mark.digits.setAttribute("x", isAbove ? 0 : away * this.outwards[place].x);
    mark.digits.setAttribute("y", isAbove ? Math.min(2 - away, 0) : away * this.outwards[place].y);
    mark.label.setAttribute("y", radius + 13);
  }

  drawTies(ties, radii) {
    const parts = [], badges = [], met = new Map();
    for (const [name, maker, target] of ties) {
      const kind = this.kinds[name];
      const key = `${maker} ${target}`;
      const before = met.get(key) ?? 0;
      met.set(key, before + 1);
      const [a, b] = [this.places[maker], this.places[target]];
      // Curved, so that arrows between the same two powers do not hide each other.
      const bend = 0.16 + 0.13 * before;
      const control = {
        x: (a.x + b.x) / 2 - (b.y - a.y) * bend,
        y: (a.y + b.y) / 2 + (b.x - a.x) * bend,
      };
      const start = towards(a, control, radii[maker] + 2);
      const end = towards(b, control, radii[target] + 3);
      parts.push(...this.arrow(kind, start, control, end));
      badges.push(...this.badge(kind, {
        x: 0.25 * start.x + 0.5 * control.x + 0.25 * end.x,
        y: 0.25 * start.y + 0.5 * control.y + 0.25 * end.y,
      }));
    }
    return [...parts, ...badges];
  }

  arrow(kind, start, control, end) {
    const size = 5 + 1.6 * kind.width;
    const neck = towards(end, control, size);
    const side = { x: (end.y - neck.y) * 0.5, y: -(end.x - neck.x) * 0.5 };
    return [
      drawing("path", {
        d: `M${start.x} ${start.y}Q${control.x} ${control.y} ${neck.x} ${neck.y}`,
        fill: "none", stroke: kind.colour, "stroke-width": kind.width,
        ...(kind.is_dashed ? { "stroke-dasharray": "6 4" } : {}),
      }),
      drawing("path", {
        d: `M${end.x} ${end.y}L${neck.x + side.x} ${neck.y + side.y}L${neck.x - side.x} ${neck.y - side.y}Z`,
        fill: kind.colour,
      }),
    ];
  }

  badge(kind, at) {
    return [
      drawing("circle", { cx: at.x, cy: at.y, r: 7, class: "badge", stroke: kind.colour }),
      drawing("text", { x: at.x, y: at.y, class: "letter" }, kind.letter),
    ];
  }

  inWords(frame) {
    const allies = this.episode.allied[frame.allied]
      .map(([one, other]) => `${this.called[one]} and ${this.called[other]}`);
    const ties = frame.ties.map(([kind, maker, target]) =>
      `${this.kinds[kind].label}: ${this.called[maker]} to ${this.called[target]}`);
    const most = 12;
    const listed = allies.length > most ? [...allies.slice(0, most), `${allies.length - most} more`] : allies;
    return [`Network of powers, ${frame.when}.`, `Allies: ${listed.join(", ") || "nobody"}.`, ...ties].join(" ");
  }
}
