// Draws a QR code of digits: numeric mode, error correction M, a quiet zone of four modules.
import { qrcode } from "../vendor/qrcode-generator-2.0.4.js";

const QUIET = 4;
const SVG = "http://www.w3.org/2000/svg";

/** Returns an SVG of the smallest symbol that holds these digits. */
export function drawDigits(digits) {
  const symbol = qrcode(0, "M");
  symbol.addData(digits, "Numeric");
  symbol.make();
  const size = symbol.getModuleCount();
  let path = "";
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      if (symbol.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  const svg = document.createElementNS(SVG, "svg");
  const all = size + 2 * QUIET;
  svg.setAttribute("viewBox", `0 0 ${all} ${all}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("aria-hidden", "true");
  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("width", String(all));
  ground.setAttribute("height", String(all));
  ground.setAttribute("fill", "#fff"); // white by night too: a scanner reads dark on light
  const dark = document.createElementNS(SVG, "path");
  dark.setAttribute("d", path);
  dark.setAttribute("fill", "#000");
  svg.append(ground, dark);
  return svg;
}
