(() => {
  const left = document.getElementById("source"), right = document.getElementById("made");
  if (!left || !right) return;
  const show = (pane, name) => {
    for (const file of pane.querySelectorAll(".code")) file.hidden = file.dataset.file !== name;
    const chosen = pane.querySelector("select");
    if (chosen) chosen.value = name;
  };
  for (const pane of [left, right]) {
    const chosen = pane.querySelector("select");
    if (chosen) chosen.addEventListener("change", () => show(pane, chosen.value));
  }
  let pinned = false;
  const clear = () => document.querySelectorAll(".hit").forEach(e => e.classList.remove("hit"));
  const visible = (pane) => [...pane.querySelectorAll(".code")].find(c => !c.hidden);
  const into = (line) => {
    const box = line.closest(".code"), a = line.getBoundingClientRect(), b = box.getBoundingClientRect();
    if (a.top < b.top || a.bottom > b.bottom) box.scrollTop += a.top - b.top - b.height / 3;
  };
  const mark = (line, jump) => {
    clear();
    line.classList.add("hit");
    const from = line.closest("#source") ? left : right, to = from === left ? right : left;
    let lines;
    if (from === left) {
      const key = line.dataset.at;
      const all = [...right.querySelectorAll("[data-from]")].filter(e => e.dataset.from.split(" ").includes(key));
      const now = visible(right);
      lines = all.filter(e => e.closest(".code") === now);
      if (!lines.length && jump && all.length) { show(right, all[0].closest(".code").dataset.file); lines = all; }
    } else {
      const keys = line.dataset.from.split(" ");
      lines = [...left.querySelectorAll("[data-at]")].filter(e => keys.includes(e.dataset.at));
      if (lines.length) show(left, lines[0].closest(".code").dataset.file);
    }
    lines.forEach(e => e.classList.add("hit"));
    if (lines.length) into(lines[0]);
  };
  for (const pane of [left, right]) {
    pane.addEventListener("mouseover", e => { const l = e.target.closest(".linked"); if (l && !pinned) mark(l, false); });
    pane.addEventListener("click", e => { const l = e.target.closest(".linked"); pinned = !!l; if (l) mark(l, true); else clear(); });
  }
})();
