/* Put into a page beside axe: what is wrong with it to look at, a line for each. */

/* The contrast of texts with what lies right under them, SVG included, which axe leaves open: for each
   selector that has not enough of it (WCAG 1.4.3), what was measured. */
globalThis.poorContrast = (selectors) => {
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
};

/* What axe finds, and what it leaves open and is decided neither here nor by another test. */
globalThis.axeFaults = async (rules, decidedElsewhere) => {
  const { violations, incomplete } = await axe.run(document, {
    resultTypes: ["violations", "incomplete"],
    ...(rules && { runOnly: rules }),
  });
  const each = (found) =>
    found.flatMap((rule) =>
      rule.nodes.map((node) => ({
        rule: rule.id,
        target: node.target.flat(9).join(" "),
        says: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
      })),
    );
  const left = each(incomplete).filter(
    (item) => !decidedElsewhere.some(([rule, end]) => item.rule === rule && item.target.endsWith(end)),
  );
  const contrast = left.filter((item) => item.rule === "color-contrast");
  return [
    ...each(violations).map((item) => `${item.rule}: ${item.target}: ${item.says}`),
    ...left
      .filter((item) => !contrast.includes(item))
      .map((item) => `${item.rule}: ${item.target}: axe cannot decide it: ${item.says}`),
    ...poorContrast(contrast.map((item) => item.target)),
  ];
};

/* What makes the page wider than its window. `innerWidth` grows with the page on a phone. */
globalThis.tooWide = () => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .map((node) => [node, node.getBoundingClientRect().right])
    .filter(([, right]) => right > clientWidth + 1)
    .slice(0, 5)
    .map(([node, right]) => `${node.tagName}.${node.className} ends at ${right}`)
    .concat(`the page is ${scrollWidth} wide, its window ${clientWidth}`);
};

const inScheme = async (place) => {
  const input = document.getElementById(`__palette_${place}`);
  if (!input.checked) input.click();
  const scheme = input.dataset.mdColorScheme;
  while (document.body.dataset.mdColorScheme !== scheme) await new Promise(requestAnimationFrame);
};

/* The page in each scheme, by axe, and its width. Only colours differ between the schemes. */
globalThis.look = async (schemes, decidedElsewhere) => {
  const style = document.createElement("style");
  // In the middle of a transition colours are neither the old nor the new.
  style.textContent = "*, ::before, ::after { transition: none !important; }";
  document.head.append(style);
  const found = tooWide();
  for (const [place, scheme] of schemes.entries()) {
    await inScheme(place);
    const faults = await axeFaults(place ? ["color-contrast"] : null, decidedElsewhere);
    found.push(...faults.map((fault) => `${scheme}: ${fault}`));
  }
  return found;
};

/* What evaluates this calls no function of it. */
true;
