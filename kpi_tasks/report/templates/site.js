// Tables marked data-sortable are sorted by their column heads, those marked data-filter by a search field above them.
// Without this script the pages say the same; it only reorders and hides rows that are there.
(() => {
  "use strict";
  const texts = document.currentScript.dataset;
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const NUMBER = /^([-+−]?)([\d,]+)(?:\.(\d{1,6}))?$/;

  // A number as whole millionths, so that what is stored as different never ties; null where the text is none.
  const micros = (text) => {
    const match = NUMBER.exec(text);
    if (!match) return null;
    const size = BigInt(match[2].replaceAll(",", "") + (match[3] ?? "").padEnd(6, "0"));
    return match[1] && match[1] !== "+" ? -size : size;
  };

  const cellAt = (row, column) => {
    let at = 0;
    for (const cell of row.cells) {
      if (at === column) return cell.colSpan === 1 ? cell : null;
      at += cell.colSpan;
    }
    return null;
  };

  const valueOf = (cell) => {
    const text = cell?.dataset.sort ?? cell?.querySelector("data")?.value ?? cell?.textContent ?? "";
    const plain = text.replace(/\s+/g, " ").trim();
    return ["", "–", "·"].includes(plain) ? null : plain;
  };

  const isGroup = (row) => row.classList.contains("group");

  // The rows of one group in order; equal ones stay as they were, those without a value come last either way.
  const sorted = (rows, column, direction) => {
    const values = rows.map((row) => valueOf(cellAt(row, column)));
    const numbers = values.map((value) => (value === null ? null : micros(value)));
    const isNumeric = values.every((value, place) => value === null || numbers[place] !== null);
    const keys = isNumeric ? numbers : values;
    const compare = isNumeric ? (a, b) => (a < b ? -1 : a > b ? 1 : 0) : collator.compare;
    return rows
      .map((row, place) => ({ row, key: keys[place] }))
      .sort((a, b) => (a.key === null) - (b.key === null) || (a.key === null ? 0 : direction * compare(a.key, b.key)))
      .map(({ row }) => row);
  };

  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  const makeSortable = (table) => {
    const heads = [...table.tHead.rows].at(-1).cells;
    const bodies = [...table.tBodies].map((body) => ({
      body,
      fixed: [...body.rows].filter(isGroup),
      rows: [...body.rows].filter((row) => !isGroup(row)),
    }));
    let column = 0;
    for (const head of heads) {
      const at = column;
      column += head.colSpan;
      if (head.colSpan > 1 || !head.textContent.trim() || "nosort" in head.dataset) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const next = NEXT[head.getAttribute("aria-sort")];
        for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", next);
        for (const { body, fixed, rows } of bodies) {
          const order = next === "none" ? rows : sorted(rows, at, next === "ascending" ? 1 : -1);
          body.append(...fixed, ...order);
        }
      });
    }
    const hint = document.createElement("span");
    hint.className = "hidden";
    hint.textContent = ` ${texts.sortHint}`;
    table.caption?.append(hint);
  };

  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

  const makeFilter = (table, number) => {
    const groups = [...table.tBodies].map((body) => ({
      body,
      head: plain([...body.rows].filter(isGroup).map((row) => row.textContent).join(" ")),
      rows: [...body.rows].filter((row) => !isGroup(row)).map((row) => ({ row, text: plain(row.textContent) })),
    }));
    const all = groups.reduce((sum, group) => sum + group.rows.length, 0);
    const bar = document.createElement("div");
    const label = document.createElement("label");
    const field = document.createElement("input");
    const count = document.createElement("output");
    bar.className = "filter";
    bar.setAttribute("role", "search");
    label.textContent = table.dataset.filter || texts.filterLabel;
    bar.setAttribute("aria-label", label.textContent);
    field.type = "search";
    field.id = label.htmlFor = `filter-${number}`;
    field.autocomplete = "off";
    field.spellcheck = false;
    count.setAttribute("aria-live", "polite");
    count.setAttribute("for", field.id);
    const show = () => {
      const words = plain(field.value).split(" ").filter(Boolean);
      let shown = 0;
      for (const { body, head, rows } of groups) {
        let left = 0;
        for (const { row, text } of rows) {
          const isShown = words.every((word) => text.includes(word) || head.includes(word));
          if (row.hidden === isShown) row.hidden = !isShown;
          left += isShown;
        }
        body.hidden = words.length > 0 && left === 0;
        shown += left;
      }
      const text = words.length ? texts.filterCount : "";
      count.textContent = text.replace("{shown}", shown.toLocaleString("en")).replace("{all}", all.toLocaleString("en"));
    };
    let waiting = 0;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(show, 120);
    });
    bar.append(label, field, count);
    (table.closest(".box") ?? table).before(bar);
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) makeSortable(table);
  document.querySelectorAll("table[data-filter]").forEach(makeFilter);
})();
