"use strict";
const by = (id) => document.getElementById(id);
const form = by("form");
const fields = [...form.querySelectorAll("input")].map((input) => input.id);
const link = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
if (!link) { by("nolink").hidden = false; form.hidden = true; }
function show(id, text) { const p = by(id); p.textContent = text; p.hidden = !text; }
function wrong(field, text) { by(field).setAttribute("aria-invalid", text ? "true" : "false"); show(field + "-wrong", text); }
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  show("failed", "");
  let missing = null;
  for (const field of fields) {
    const empty = !by(field).value.trim();
    wrong(field, empty ? "Please fill this in." : "");
    if (empty && !missing) missing = field;
  }
  if (missing) { by(missing).focus(); return; }
  by("send").disabled = true;
  try {
    const body = { link };
    for (const field of fields) body[field] = by(field).value;
    const answer = await fetch(form.dataset.to, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) {
      form.hidden = true; by("intro").hidden = true;
      by("commands").textContent = by("commands").textContent.replaceAll("{origin}", location.origin).replace("{email}", () => body.email || "...");
      by("done").hidden = false;
      return;
    }
    const problem = await answer.json();
    let placed = null;
    for (const place of problem.errors || []) {
      const field = (place.pointer || "").slice(1);
      if (fields.includes(field)) { wrong(field, place.detail); placed = placed || field; }
    }
    show("failed", problem.detail + (problem.help ? ": " + problem.help : ""));
    if (placed) by(placed).focus();
  } catch (error) {
    show("failed", "The server could not be reached. Try again.");
  } finally {
    by("send").disabled = false;
  }
});
