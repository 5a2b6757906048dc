// What the tests ask of a page of the site. Each answer is a list of faults, empty where all is well.
window.probes = (() => {
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const isFor = (element, names) => element.closest(names) !== null;
  const named = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} ${element.textContent.trim().slice(0, 40)}`;

  // Elements that reach beyond the right edge; a box that scrolls by itself may hold wider things on a screen.
  const tooWide = (width, holders) => {
    const found = [...document.querySelectorAll("body *")]
      .filter((element) => !isFor(element, holders) && isSeen(element) && element.getBoundingClientRect().right > width + 0.5)
      .map(named);
    const scroll = document.documentElement.scrollWidth;
    return scroll > width ? [`the page is ${scroll} wide`, ...found] : found;
  };

  // Texts that lie on each other, by the lines of their letters: more than a hair's breadth of both.
  const overlaps = () => {
    const lines = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim() || !isSeen(parent) || isFor(parent, "svg, .hidden, .skip, script, style")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) if (box.width > 1) lines.push({ box, node });
    }
    lines.sort((a, b) => a.box.top - b.box.top);
    const found = [];
    lines.forEach(({ box, node }, place) => {
      for (let next = place + 1; next < lines.length && lines[next].box.top < box.bottom - 6; next += 1) {
        const other = lines[next];
        const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        if (other.node !== node && width > 2) found.push(`${node.data.trim().slice(0, 40)} / ${other.node.data.trim().slice(0, 40)}`);
      }
    });
    return found;
  };

  const charts = () => [...document.querySelectorAll("figure.chart")].map((figure) => [...figure.querySelectorAll("svg")]
    .filter((svg) => svg.getBoundingClientRect().width > 0).map((svg) => svg.classList.contains("narrow") ? "narrow" : "wide"));

  const look = async (width) => {
    await document.fonts.ready;
    return {
      wide: tooWide(width, ".box, svg, .skip, .hidden"), overlaps: overlaps(), charts: charts(),
      only: [...document.querySelectorAll("figure.chart > .box.only")].length,
      fonts: [...document.fonts].map((font) => [font.family, font.status]),
      controls: [...document.querySelectorAll("button, input, select, textarea")].filter(isSeen).length,
      scripts: document.scripts.length,
    };
  };

  const rows = (table) => [...table.tBodies].map((body) => [...body.rows].map((row) => row.dataset.place));

  // Each head of a table that can be pressed, thrice: its state and the rows after each press.
  const sorting = (table) => {
    [...table.tBodies].forEach((body) => [...body.rows].forEach((row, place) => { row.dataset.place = place; }));
    const heads = [...table.tHead.rows].at(-1).cells;
    let column = 0;
    const found = [];
    for (const head of heads) {
      const at = column;
      column += head.colSpan;
      const button = head.querySelector("button");
      if (!button) continue;
      const presses = [];
      for (let press = 0; press < 3; press += 1) {
        button.click();
        presses.push({ marked: [...heads].map((cell) => cell.getAttribute("aria-sort")), rows: rows(table) });
      }
      found.push({ name: button.textContent.trim(), column: at, place: [...heads].indexOf(head), presses });
    }
    return found;
  };

  // What stands in each cell as it is compared: the exact value where one is given, else what is read.
  const cells = (table) => [...table.tBodies].map((body) => [...body.rows].map((row) => {
    const found = [];
    for (const cell of row.cells) {
      const text = cell.dataset.sort ?? cell.querySelector("data")?.value ?? cell.textContent.replace(/\s+/g, " ").trim();
      for (let span = 0; span < cell.colSpan; span += 1) found.push(cell.colSpan === 1 ? text : "");
    }
    return found;
  }));

  const interactive = () => [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
    .filter((element) => isSeen(element));

  const lineOf = (element) => {
    const style = getComputedStyle(element);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow].join(" ");
  };

  // Remembers where the focus was after each key, and whether it could be seen there.
  const follow = () => {
    const all = interactive();
    const before = new Map(all.map((element) => [element, lineOf(element)]));
    window.focused = [];
    document.addEventListener("keyup", () => {
      const target = document.activeElement;
      const box = target.getBoundingClientRect();
      window.focused.push({
        place: all.indexOf(target), name: named(target), isMarked: lineOf(target) !== before.get(target),
        isInSight: box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
      });
    });
    return all.map(named);
  };

  // What the page is made of, whatever its language.
  const skeleton = () => [...document.querySelectorAll("section, main tr, main dd, main dt, main a, main h2, figure")].map((element) => {
    const { sort, ...known } = element.dataset;
    return [element.tagName, element.closest("svg") ? "" : element.id, JSON.stringify(known)].join(" ");
  });

  const moving = () => [...document.querySelectorAll("*")].filter((element) => {
    const style = getComputedStyle(element);
    const lasts = (times) => times.split(",").some((time) => Number.parseFloat(time) > 0);
    return style.scrollBehavior === "smooth" || lasts(style.transitionDuration) || lasts(style.animationDuration);
  }).map(named);

  return { look, tooWide, overlaps, charts, sorting, cells, follow, skeleton, moving };
})();
