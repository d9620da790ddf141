// Zones and lines on the picture, with handles that mouse, finger and keyboard can move.

import { say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1000; // units across; the height follows the picture
const STEP = 0.005; // of the picture, for one press of an arrow key
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Draw the camera's zones and lines into `svg`; `onMoved` is called after each change of a point. */
export function draw(svg, camera, aspect, onMoved) {
  const high = WIDE / aspect;
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${high}`);
  const at = ([x, y]) => [x * WIDE, y * high];
  const focused = document.activeElement?.dataset?.key;
  svg.replaceChildren();
  for (const [name, points] of Object.entries(camera.zones ?? {})) {
    svg.append(s("polygon", { class: "zone", points: points.map((p) => at(p).join(",")).join(" ") }), label(name, at(points[0])));
    points.forEach((point, i) => svg.append(handle(svg, `zone ${name} ${i + 1}`, point, at, onMoved)));
  }
  for (const [name, line] of Object.entries(camera.lines ?? {})) {
    const [from, to] = [at(line.from), at(line.to)];
    svg.append(s("line", { class: "line", x1: from[0], y1: from[1], x2: to[0], y2: to[1] }), arrow(from, to), label(name, from));
    svg.append(handle(svg, `line ${name} from`, line.from, at, onMoved), handle(svg, `line ${name} to`, line.to, at, onMoved));
  }
  if (focused) svg.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function label(name, [x, y]) {
  const text = s("text", { class: "name", x: Math.min(x + 10, WIDE - 120), y: Math.max(28, y - 12) });
  text.textContent = name;
  return text;
}

/** An arrow to the right-hand side of from→to: the direction that counts as "right". */
function arrow([x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = Math.hypot(dx, dy) || 1;
  const [nx, ny] = [-dy / length, dx / length];
  const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const [tx, ty] = [mx + nx * 45, my + ny * 45];
  const wing = (side) => `${tx - nx * 14 + (side * dx * 9) / length},${ty - ny * 14 + (side * dy * 9) / length}`;
  const shaft = s("line", { class: "arrow", x1: mx, y1: my, x2: tx, y2: ty });
  return s("g", {}, shaft, s("polygon", { class: "arrow", points: `${tx},${ty} ${wing(1)} ${wing(-1)}` }));
}

function handle(svg, key, point, at, onMoved) {
  const [cx, cy] = at(point);
  const dot = s("circle", { class: "handle", r: 11, cx, cy, tabindex: 0, role: "button", "aria-label": `${key} (${say("corner")})` });
  dot.dataset.key = key;
  const move = (x, y) => {
    point[0] = round(x);
    point[1] = round(y);
    onMoved();
  };
  dot.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    const follow = (e) => move((e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height);
    const end = () => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  });
  dot.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    move(point[0] + step[0], point[1] + step[1]);
  });
  return dot;
}

const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
