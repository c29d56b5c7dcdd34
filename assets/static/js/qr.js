/**
 * Draws a text as a QR code, an SVG made with DOM calls, readable by cameras in both themes and on paper.
 */
import { matrix } from "../vendor/qr.js";

const SVG = "http://www.w3.org/2000/svg";

/** White modules around the code; ISO/IEC 18004 asks for four. */
export const QUIET_ZONE = 4;

/** The modules of `text` with the quiet zone: rows of booleans, true is dark. Medium error correction while it fits. */
export function modules(text) {
  try {
    return matrix(text, "medium", QUIET_ZONE);
  } catch {
    return matrix(text, "low", QUIET_ZONE);
  }
}

/** The picture of `text`; `label` is what a screen reader says of it. Throws for a text of more than 2,953 bytes. */
export function draw(text, label) {
  const rows = modules(text);
  const size = rows.length;
  const svg = element("svg", {
    viewBox: `0 0 ${size} ${size}`,
    role: "img",
    "aria-label": label,
    "shape-rendering": "crispEdges",
  });
  svg.append(
    element("rect", { width: size, height: size, fill: "#ffffff" }),
    element("path", { d: rows.map(outline).join(""), fill: "#000000" }),
  );
  return svg;
}

/** One rectangle for each run of dark modules in a row. */
function outline(row, y) {
  let path = "";
  for (let x = 0; x < row.length; x += 1) {
    const start = x;
    while (row[x]) {
      x += 1;
    }
    if (x > start) {
      path += `M${start} ${y}h${x - start}v1h-${x - start}z`;
    }
  }
  return path;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
}
