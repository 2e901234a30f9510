"use strict";
// Keys on lists of rows, choosing many, and what htmx cannot tell by itself. All of it is on top:
// each row has its links and forms, which work without this file.
{
  const WALK = "crm-walk";
  const failed = document.getElementById("failed");
  const told = document.getElementById("told");
  const keys = document.getElementById("keys");

  const rows = () => [...document.querySelectorAll("[data-row]")];
  // A row that htmx swaps takes the focus with it: until it is back, here is where it was.
  let last = "";
  const isLost = () => !document.activeElement || document.activeElement === document.body;
  const here = () =>
    isLost() ? document.getElementById(last) : document.activeElement.closest("[data-row]");
  const isTyping = (element) => element.closest?.("input:not([type=checkbox]), textarea, select");

  function tell(text) {
    if (told) told.textContent = text;
  }

  function go(row) {
    const target = row?.querySelector("[data-open], [data-complete], [data-undo], button");
    if (!target) return;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = rows();
    const at = all.indexOf(here());
    go(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by]);
  }

  // The next row of another lead; on a lead's page, the next lead of the list one came from.
  function stepLead(by) {
    const link = document.querySelector(by > 0 ? "[data-walker] [data-next][href]" : "[data-walker] [data-prev][href]");
    if (document.querySelector("[data-walker]")) {
      link?.click();
      return;
    }
    const all = rows();
    const from = here();
    let at = from ? all.indexOf(from) : by > 0 ? -1 : all.length;
    do at += by; while (all[at] && from && all[at].dataset.lead === from.dataset.lead);
    go(all[at]);
  }

  const press = (selector) => here()?.querySelector(selector)?.click();
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    n: () => stepLead(1),
    N: () => stepLead(-1),
    o: () => press("[data-open]"),
    c: () => press("[data-complete]"),
    u: () => press("[data-undo]"),
    x: () => press("[name=task]"),
    "?": () => keys?.showModal(),
  };

  document.addEventListener("focusin", (event) => {
    last = event.target.closest("[data-row]")?.id ?? last;
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") || document.getElementById("board")) {
      if (event.key !== "?" || document.querySelector("dialog[open]")) return;
    }
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- the list one walks through, kept for the pages of its leads ---------------------------
  function keepWalk() {
    const links = [...document.querySelectorAll("[data-walk] [data-row]")].map((row) => [
      row.dataset.lead,
      new URL(row.querySelector("[data-open]")?.href ?? location.href).pathname,
    ]);
    const seen = new Set();
    const walk = links.filter(([lead]) => !seen.has(lead) && seen.add(lead));
    if (document.querySelector("[data-walk]")) sessionStorage.setItem(WALK, JSON.stringify(walk));
  }

  function offerWalk() {
    const walker = document.querySelector("[data-walker]");
    if (!walker) return;
    const walk = JSON.parse(sessionStorage.getItem(WALK) ?? "[]");
    const at = walk.findIndex(([lead]) => location.pathname.includes(lead));
    if (at < 0 || walk.length < 2) return;
    for (const [name, by] of [["prev", -1], ["next", 1]]) {
      const link = walker.querySelector(`[data-${name}]`);
      if (walk[at + by]) link.href = walk[at + by][1];
      else link.hidden = true;
    }
    walker.hidden = false;
  }

  // --- choosing many -------------------------------------------------------------------------
  function count() {
    const boxes = [...document.querySelectorAll("[name=task][form=bulk]")];
    const chosen = boxes.filter((box) => box.checked).length;
    const words = document.querySelector("[data-chosen]");
    const all = document.querySelector("[data-choose-all]");
    if (words) words.textContent = chosen ? `${chosen} chosen` : "";
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-choose-all]")) {
      for (const box of document.querySelectorAll("[name=task][form=bulk]")) {
        box.checked = event.target.checked;
      }
    }
    if (event.target.matches("[data-choose-all], [name=task]")) count();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) keys?.showModal();
    if (event.target === keys) keys.close();
    if (event.target.closest("[data-reload]")) {
      event.preventDefault();
      location.reload();
    }
  });

  // --- htmx ------------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    // A login that ended answers with the page to log in on: that is no row.
    if (new URL(detail.xhr.responseURL || location.href).pathname.startsWith("/accounts/")) {
      detail.shouldSwap = false;
      location.reload();
      return;
    }
  });
  document.addEventListener("htmx:beforeRequest", () => { if (failed) failed.hidden = true; });
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
    document.addEventListener(name, () => {
      if (!failed) return;
      failed.hidden = false;
      failed.scrollIntoView({ block: "nearest" });
    });
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    const row = document.getElementById(event.detail.elt?.id ?? "") ?? event.detail.target;
    const said = row?.dataset?.told;
    if (said) tell(said);
    // The button that had the focus went with the old row.
    if (isLost() && row?.matches?.("[data-row]")) go(row);
    count();
    keepWalk();
  });

  keepWalk();
  offerWalk();
  count();
}
