// Slack's native charts and tables, drawn. Every bar and point carries its number, so that colour tells nothing alone.

import { h, svg } from "./dom.js";

// On a phone the drawing is narrower, so that its letters stay as large as the text around it.
const WIDTH = matchMedia("(max-width: 760px)").matches ? 340 : 520;
const HEIGHT = 230;
const LEFT = 44;
const BOTTOM = 46;

/** A `data_visualization` block. */
export function chart(block) {
  const { chart: given, title } = block;
  const drawing = given.type === "pie" ? pie(given) : plot(given);
  const series = given.type === "pie" ? given.segments.map((one) => one.label) : given.series.map((one) => one.name);
  const legend = h("ul", { class: "legend" }, series.map((name, n) => h("li", {}, h("span", { class: `key series-${n}` }), name)));
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${title}. ${inWords(given)}`);
  return h("figure", { class: "chart" }, h("figcaption", {}, title), drawing, legend);
}

function inWords(given) {
  if (given.type === "pie") return given.segments.map((one) => `${one.label}: ${one.value}`).join(", ");
  return given.axis_config.categories
    .map((name, n) => `${name}: ${given.series.map((one) => `${one.name} ${one.data[n].value}`).join(", ")}`)
    .join("; ");
}

function plot(given) {
  const { categories, x_label: across = "", y_label: up = "" } = given.axis_config;
  const top = Math.max(1, ...given.series.flatMap((one) => one.data.map((point) => point.value))) * 1.15;
  const y = (value) => 14 + (HEIGHT - BOTTOM - 14) * (1 - value / top);
  const slot = (WIDTH - LEFT - 8) / categories.length;
  const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}` });
  drawn.append(svg("line", { x1: LEFT, x2: WIDTH - 8, y1: y(0), y2: y(0), class: "axis" }));
  const step = niceStep(top / 4);
  for (let value = 0; value <= top; value += step) {
    if (value) drawn.append(svg("line", { x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value), class: "grid" }));
    drawn.append(svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)));
  }
  const every = spread(slot);
  categories.forEach((name, n) => {
    if (n % every === 0) drawn.append(svg("text", { x: LEFT + slot * (n + 0.5), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, name));
  });
  drawn.append(svg("text", { x: LEFT + (WIDTH - LEFT) / 2, y: HEIGHT - 6, "text-anchor": "middle", class: "faint" }, across));
  drawn.append(svg("text", { x: 12, y: HEIGHT / 2, "text-anchor": "middle", class: "faint", transform: `rotate(-90 12 ${HEIGHT / 2})` }, up));
  given.series.forEach((one, n) => drawn.append(...(given.type === "bar" ? bars : lines)(one, n, given, slot, y)));
  return drawn;
}

function bars(one, n, given, slot, y) {
  const wide = Math.min(46, (slot * 0.76) / given.series.length);
  return one.data.flatMap((point, place) => {
    const x = LEFT + slot * (place + 0.5) + wide * (n - given.series.length / 2);
    return [
      svg("rect", { x: x + 1, y: y(point.value), width: wide - 2, height: Math.max(1, y(0) - y(point.value)), class: `series-${n}` }),
      svg("text", { x: x + wide / 2, y: y(point.value) - 4, "text-anchor": "middle", class: "value" }, String(point.value)),
    ];
  });
}

function lines(one, n, given, slot, y) {
  const at = one.data.map((point, place) => [LEFT + slot * (place + 0.5), y(point.value)]);
  const path = at.map(([x, up], place) => `${place ? "L" : "M"}${x} ${up}`).join(" ");
  const out = [svg("path", { d: path, class: `line series-${n}` })];
  if (given.type === "area") out.unshift(svg("path", { d: `${path} L${at.at(-1)[0]} ${y(0)} L${at[0][0]} ${y(0)} Z`, class: `area series-${n}` }));
  const every = spread(slot);
  at.filter((_, place) => place % every === 0).forEach(([x, up], n) => out.push(svg("text", { x, y: up - 6, "text-anchor": "middle", class: "value" }, String(one.data[n * every].value))));
  return out;
}

/** Of how many points one is labelled, so that labels don't lie on each other. */
function spread(slot) {
  return Math.max(1, Math.ceil(40 / slot));
}

function pie(given) {
  const drawn = svg("svg", { viewBox: "0 0 240 240" });
  const total = given.segments.reduce((sum, one) => sum + one.value, 0) || 1;
  let from = 0;
  given.segments.forEach((one, n) => {
    const to = from + (one.value / total) * 2 * Math.PI;
    const [x1, y1, x2, y2] = [Math.sin(from), -Math.cos(from), Math.sin(to), -Math.cos(to)].map((part) => part * 110);
    const large = to - from > Math.PI ? 1 : 0;
    drawn.append(svg("path", { transform: "translate(120 120)", d: `M0 0 L${x1} ${y1} A110 110 0 ${large} 1 ${x2} ${y2} Z`, class: `series-${n}` }));
    const middle = (from + to) / 2;
    drawn.append(svg("text", { x: 120 + Math.sin(middle) * 75, y: 124 - Math.cos(middle) * 75, "text-anchor": "middle", class: "value" }, String(one.value)));
    from = to;
  });
  return drawn;
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  return Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? power);
}

/** A `data_table` block, a page at a time. `cell` draws a rich_text cell. */
export function table(block, cell) {
  const [top, ...rows] = block.rows;
  const size = block.page_size ?? 10;
  const header = block.row_header_column_index ?? -1;
  const body = h("tbody");
  const number = (one) => (one.type === "raw_number" ? "number" : null);
  const draw = (page) =>
    body.replaceChildren(
      ...rows.slice(page * size, (page + 1) * size).map((row) =>
        h("tr", {}, row.map((one, n) => h(n === header ? "th" : "td", { scope: n === header ? "row" : null, class: number(one) }, shown(one, cell)))),
      ),
    );
  draw(0);
  const columns = top.map((one, n) => h("th", { scope: "col", class: number(rows[0]?.[n] ?? one) }, shown(one, cell)));
  const drawn = h("table", {}, h("caption", {}, block.caption), h("thead", {}, h("tr", {}, columns)), body);
  // It can be wider than a phone, and then scrolls by itself; a keyboard has to reach it to do so.
  const frame = h("div", { class: "table", tabindex: "0", role: "group", "aria-label": block.caption }, drawn);
  const pages = Math.ceil(rows.length / size);
  if (pages > 1) frame.append(pager(pages, draw));
  return frame;
}

function pager(pages, draw) {
  let page = 0;
  const where = h("span", { role: "status" }, `1 of ${pages}`);
  const turn = (by) => () => {
    page = Math.min(pages - 1, Math.max(0, page + by));
    where.textContent = `${page + 1} of ${pages}`;
    draw(page);
  };
  return h("p", { class: "pager" }, h("button", { type: "button", onclick: turn(-1) }, "Earlier rows"), where, h("button", { type: "button", onclick: turn(1) }, "Later rows"));
}

function shown(one, cell) {
  return one.type === "rich_text" ? cell(one) : one.text;
}
