// Elements, numbers and colours that all parts of the page use.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  // Always as text: the names of powers must never be read as markup.
  made.append(...children);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawing(tag, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace("-", "−");
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(decimals).replace("-", "−");
}

export function withUnit(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit.startsWith("%")) return `${shown(value)} %`;
  return shown(value);
}

// A power is identified by its number; its colour only helps.
const COLOURS = 8;
export const number = (power) => String(power + 1);

export function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export const powerColour = (power) => style(`--power-${power % COLOURS}`);
// A game may declare the colour of a part of the budget.
export const bandVariable = (band) => `var(--band-${band % COLOURS})`;
export const bandColour = (part, band) => part.colour || style(`--band-${band % COLOURS}`);
export const letter = (band) => String.fromCharCode(97 + band);
