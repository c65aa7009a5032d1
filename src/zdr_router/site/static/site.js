// The filters of the matrix. What is chosen stands in the fragment of the address, so that it can be shared.
"use strict";

(() => {
  const form = document.getElementById("_filters");
  const controls = document.getElementById("_controls");
  const active = document.getElementById("_active");
  const count = document.getElementById("_count");
  const reset = document.getElementById("_reset");
  const nothing = document.getElementById("_nothing");
  const matrix = document.querySelector(".matrix");
  const flags = [...form.querySelectorAll("fieldset.flags select")].map((select) => select.name);
  const media = [...form.elements.cache.options].map((option) => option.value).filter(Boolean);
  const groups = [...document.querySelectorAll("tbody[data-provider]")].map((body) => ({
    body,
    rows: [...body.querySelectorAll("tr[data-clears]")].map((row) => read(row, body)),
  }));
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);

  function read(row, body) {
    const { clears, mechanism, grade, cache, region, endpoint, feature, models } = row.dataset;
    const words = row.dataset.flags.split(" ");
    const text = `${body.rows[0].textContent} ${row.querySelector("th").textContent} ${models}`;
    return {
      row,
      is: { clears, mechanism, grade },
      flags: Object.fromEntries(flags.map((flag, index) => [flag, words[index]])),
      cache: media.indexOf(cache),
      regions: region.split(" "),
      has: { endpoint: endpoint.split(" "), feature: feature.split(" ") },
      text: `${body.dataset.provider} ${text}`.toLowerCase().replace(/\s+/g, " "),
    };
  }

  function processes(regions, wanted) {
    const [how, name] = [wanted.slice(0, wanted.indexOf(":")), wanted.slice(wanted.indexOf(":") + 1)];
    return how === "only" ? regions.every((region) => region === name) : regions.includes(name);
  }

  function matches(entry, chosen) {
    return Object.entries(chosen).every(([name, value]) => {
      if (name === "find") return value.toLowerCase().split(/\s+/).every((word) => entry.text.includes(word));
      if (name === "cache") return entry.cache >= 0 && entry.cache <= media.indexOf(value);
      if (name === "region") return processes(entry.regions, value);
      if (name in entry.has) return entry.has[name].includes(value);
      return (name in entry.is ? entry.is[name] : entry.flags[name]) === value;
    });
  }

  function chosen() {
    const pairs = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
    return Object.fromEntries(pairs.filter(([, value]) => value));
  }

  function plural(number, word) {
    return `${number} ${word}${number === 1 ? "" : "s"}`;
  }

  function show() {
    const wanted = chosen();
    let shown = 0;
    let providers = 0;
    for (const { body, rows } of groups) {
      let here = 0;
      for (const entry of rows) {
        entry.row.hidden = !matches(entry, wanted);
        here += entry.row.hidden ? 0 : 1;
      }
      body.hidden = here === 0;
      shown += here;
      providers += here ? 1 : 0;
    }
    const set = Object.keys(wanted).length;
    count.textContent = set
      ? `${shown} of ${plural(total, "configuration")}, ${providers} of ${plural(groups.length, "provider")}`
      : `All ${plural(total, "configuration")} of ${plural(groups.length, "provider")}`;
    active.textContent = set ? `(${set} set)` : "";
    reset.hidden = set === 0 || shown === 0;
    nothing.hidden = shown > 0;
    matrix.hidden = shown === 0;
    for (const control of form.elements) {
      if (control.name) control.classList.toggle("set", control.name in wanted);
    }
  }

  function store() {
    const fragment = new URLSearchParams(chosen()).toString();
    if (fragment !== location.hash.slice(1)) history.replaceState(null, "", `#${fragment}`);
    show();
  }

  function restore() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const control of form.elements) {
      if (!control.name) continue;
      control.value = wanted.get(control.name) ?? "";
      if (control.selectedIndex === -1) control.value = ""; // A word that this catalogue does not have.
    }
    if (location.hash.length > 1 && matchMedia("(min-width: 60rem)").matches) controls.open = true;
    show();
  }

  function clear() {
    form.reset();
    store();
    form.elements.find.focus({ preventScroll: true });
  }

  form.addEventListener("input", store);
  form.addEventListener("submit", (event) => event.preventDefault());
  reset.addEventListener("click", (event) => {
    event.preventDefault();
    clear();
  });
  document.getElementById("_nothing_reset").addEventListener("click", clear);
  document.getElementById("_clean").addEventListener("click", () => {
    for (const flag of flags) form.elements[flag].value = "no";
    store();
  });
  window.addEventListener("hashchange", restore);

  form.hidden = false;
  controls.open = matchMedia("(min-width: 60rem)").matches;
  restore();
})();
