// Events in words: those of the current year, and the list of all; a click on one goes to its year.
import { element } from "./words.js";

export class Events {
  constructor(now, all, episode, seek) {
    this.episode = episode;
    this.now = now;
    this.list = element("ol", { class: "news", tabindex: "-1" });
    this.at = new Map();
    let before = -1;
    this.buttons = episode.news.map(([step, words]) => {
      const { when, phase } = episode.frames[step];
      const label = phase ? `${when}, ${phase}` : when;
      const button = element("button", { type: "button", tabindex: "-1", "data-step": step },
        element("span", { class: step === before ? "when again" : "when" }, `${label}: `),
        element("span", { class: "words" }, words));
      button.addEventListener("click", () => { this.hold(button); seek(step); });
      before = step;
      if (!this.at.has(step)) this.at.set(step, []);
      this.at.get(step).push(button);
      return button;
    });
    this.list.append(...this.buttons.map((button) => element("li", {}, button)));
    this.list.addEventListener("keydown", (event) => this.walk(event));
    if (this.buttons.length) {
      all.append(this.list);
      this.hold(this.buttons[0]);
    } else {
      all.append(element("p", { class: "quiet" }, "This game reports no events in words."));
    }
    this.current = [];
  }

  // The list is one tab stop; the arrow keys move within it.
  hold(button) {
    if (this.held) this.held.tabIndex = -1;
    this.held = button;
    button.tabIndex = 0;
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const near = this.buttons[this.buttons.indexOf(this.held) + step];
    if (!near) return;
    this.hold(near);
    near.focus();
  }

  moveTo(step) {
    const { events } = this.episode.frames[step];
    this.now.replaceChildren(...(events.length ? events : ["–"]).map((words) => element("li", {}, words)));
    for (const button of this.current) button.removeAttribute("aria-current");
    this.current = this.at.get(step) ?? [];
    for (const button of this.current) button.setAttribute("aria-current", "true");
    const first = this.current[0];
    if (!first) return;
    if (!this.list.contains(document.activeElement)) this.hold(first);
    // Not scrollIntoView, which would scroll the whole page.
    const { list } = this, top = first.offsetTop;
    const end = this.current.at(-1), bottom = end.offsetTop + end.offsetHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
  }

  next(step, direction) {
    const steps = [...this.at.keys()];
    return direction > 0 ? steps.find((each) => each > step) : steps.reverse().find((each) => each < step);
  }
}
