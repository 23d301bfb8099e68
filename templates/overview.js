"use strict";
// Sorting, searching and filtering of the table of students. Without it the page shows everything, in roster order.
(() => {
  const table = document.getElementById("students"), body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const search = document.getElementById("search"), order = document.getElementById("order");
  const filters = [...document.querySelectorAll(".filters button")];
  const shown = document.getElementById("shown"), none = document.getElementById("none");

  // "Müller" is found by "muller", whatever the case.
  const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const numbers = heads.map(head => head.dataset.kind === "number");
  const keyOf = (cell, column) => {
    if (!numbers[column]) return cell.textContent.trim();
    return cell.dataset.key === "" ? null : Number(cell.dataset.key);
  };
  const students = [...body.rows].map(row => ({
    row,
    text: fold(row.textContent),
    tags: row.dataset.tags.split(" "),
    keys: [...row.cells].map(keyOf),
  }));
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const state = { column: -1, direction: "", tag: "", called: "" };

  // What is missing stands last, whichever way it is sorted; equal ones stay in roster order.
  const sorted = () => {
    const { column, direction } = state;
    if (!direction) return students;
    const sign = direction === "ascending" ? 1 : -1;
    return [...students].sort((a, b) => {
      const x = a.keys[column], y = b.keys[column];
      const empty = (x === null || x === "") - (y === null || y === "");
      if (empty) return empty;
      return sign * (numbers[column] ? x - y : collator.compare(x, y)) || 0;
    });
  };

  const sort = (column, direction) => {
    state.column = column;
    state.direction = direction;
    heads.forEach((head, index) => {
      if (index === column && direction) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
    order.value = direction ? `${column} ${direction}` : "";
    const fragment = document.createDocumentFragment();
    for (const student of sorted()) fragment.append(student.row);
    body.append(fragment);
  };

  const filter = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const student of students) {
      const fits = (!state.tag || student.tags.includes(state.tag)) && words.every(word => student.text.includes(word));
      student.row.hidden = !fits;
      count += fits;
    }
    for (const button of filters) button.setAttribute("aria-pressed", String(button.dataset.tag === state.tag));
    const all = students.length.toLocaleString("en"), some = count.toLocaleString("en");
    shown.textContent = count === students.length ? `${all} students` : `${some} of ${all} students${state.called}`;
    none.hidden = count > 0;
  };

  const choose = (tag, called) => {
    state.tag = tag;
    state.called = called ? `, ${called}` : "";
    filter();
  };

  // A first click sorts the way that a column is mostly wanted, a second one the other way, a third as in the roster.
  const opposite = { ascending: "descending", descending: "ascending" };
  const next = (column, first) => {
    if (state.column !== column || !state.direction) return first;
    return state.direction === first ? opposite[first] : "";
  };
  order.append(new Option("roster order", ""));
  heads.forEach((head, column) => {
    const name = head.textContent, first = head.dataset.first, button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => sort(column, next(column, first)));
    head.replaceChildren(button);
    for (const direction of [first, opposite[first]]) {
      const way = numbers[column] ? { ascending: "lowest first", descending: "highest first" }
        : { ascending: "A to Z", descending: "Z to A" };
      order.append(new Option(`${name}, ${way[direction]}`, `${column} ${direction}`));
    }
  });
  order.addEventListener("change", () => {
    const [column, direction] = order.value.split(" ");
    sort(direction ? Number(column) : -1, direction || "");
  });
  search.addEventListener("input", filter);
  for (const button of filters) button.addEventListener("click", () => choose(button.dataset.tag, ""));
  for (const button of document.querySelectorAll("[data-show]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      search.value = "";
      choose(button.dataset.show, button.dataset.called || "");
      document.getElementById("class").scrollIntoView();
      search.focus({ preventScroll: true });
    });
  }
  document.getElementById("tools").hidden = false;
  filter();
  performance.mark("ready");
})();
