/* What axe leaves open, decided: the contrast of texts with what lies right under them, SVG included.
   Called with selectors; returns for each that has not enough contrast (WCAG 1.4.3) what was measured. */
(selectors) => {
  const parse = (text) => {
    const found = text.match(/rgba?\(([^)]+)\)/);
    if (!found) return null;
    const [r, g, b, a = 1] = found[1].split(/[\s,/]+/).filter(Boolean).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a),
    g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a),
    a: 1,
  });
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  /* Colours may be written in any space: a canvas knows them all. */
  const colour = (text) => {
    if (parse(text)) return parse(text);
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  const drawn = (node) => node instanceof SVGElement && !(node instanceof SVGSVGElement);
  const paint = (node) => {
    const style = getComputedStyle(node);
    const kind = drawn(node) ? style.fill : style.backgroundColor;
    if (!kind || kind === "none") return null;
    const found = colour(kind);
    const faint = drawn(node) ? Number(style.fillOpacity) * Number(style.opacity) : 1;
    return { ...found, a: found.a * faint };
  };

  const judge = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const middle = () => {
      const boxes = [...range.getClientRects()].filter((box) => box.width && box.height);
      const box = boxes[0] || element.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    let place = middle();
    if (!document.elementsFromPoint(...place).includes(element)) {
      element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      place = middle();
    }
    const style = getComputedStyle(element);
    const stack = document.elementsFromPoint(...place).filter((node) => !element.contains(node) || node === element);
    if (!stack.includes(element)) return "it is not on top at its own place";
    const layers = [];
    for (const node of stack.slice(stack.indexOf(element))) {
      if (node === element && drawn(node)) continue;
      const found = paint(node);
      if (found && found.a) layers.push(found);
      if (found && found.a === 1) break;
    }
    const ground = layers.reduceRight((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
    const ink = over(colour(drawn(element) ? style.fill : style.color), ground);
    const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    const pixels = parseFloat(style.fontSize);
    const large = pixels >= 24 || (pixels >= 18.66 && Number(style.fontWeight) >= 700);
    const hex = (c) => "#" + [c.r, c.g, c.b].map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");
    return ratio >= (large ? 3 : 4.5) ? "" : `${ratio.toFixed(2)}:1, ${hex(ink)} on ${hex(ground)}`;
  };

  const faults = selectors
    .map((selector) => [selector, judge(document.querySelector(selector))])
    .filter(([, fault]) => fault)
    .map(([selector, fault]) => `contrast: ${selector}: ${fault}`);
  scrollTo({ top: 0, behavior: "instant" });
  return faults;
}
