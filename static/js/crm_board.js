"use strict";
// Cards move by drag, by Shift and an arrow, or by a dialog. The server decides: what comes back is
// the board as it is then, so that a refused card stands where it was. Without this file "Move…"
// leads to a page with the same form.
{
  const dialog = document.getElementById("move");
  const stage = document.getElementById("move-stage");
  const note = document.getElementById("move-note");
  const hint = document.getElementById("move-hint");
  let moving = null;
  let dragged = null;

  const columns = () => [...document.querySelectorAll("[data-column]")];
  const cardsOf = (column) => [...column.querySelectorAll("[data-card]")];
  const here = () => document.activeElement?.closest("[data-card]");

  function focusOn(card) {
    card?.querySelector("[data-open]").focus();
    card?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  async function move(card, to, why = "") {
    const board = document.getElementById("board");
    const id = card.id;
    const address = new URL(card.querySelector("[data-move]").href).pathname;
    const values = { stage: to, note: why, back: board.dataset.back };
    await htmx.ajax("POST", address, { target: "#board", select: "#board", swap: "outerHTML", values });
    const said = document.getElementById("board").dataset.told;
    if (said) document.getElementById("told").textContent = said;
    focusOn(document.getElementById(id));
  }

  function ask(card, to) {
    moving = card;
    stage.value = to ?? card.dataset.stage;
    note.value = "";
    explain();
    dialog.returnValue = "";
    dialog.showModal();
    if (to) note.focus();
  }

  function explain() {
    const isNeeded = "needsNote" in stage.selectedOptions[0].dataset;
    hint.hidden = !isNeeded;
    note.required = isNeeded;
  }

  function moveTo(card, column) {
    if (!column || column.dataset.column === card.dataset.stage) return;
    if ("needsNote" in column.dataset) ask(card, column.dataset.column);
    else move(card, column.dataset.column);
  }

  stage.addEventListener("change", explain);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "move" && moving) move(moving, stage.value, note.value);
    else focusOn(moving);
    moving = null;
  });

  function arrow(card, key, isMove) {
    const all = columns();
    const at = all.findIndex((column) => column.contains(card));
    const row = cardsOf(all[at]).indexOf(card);
    if (key === "ArrowDown" || key === "ArrowUp") {
      focusOn(cardsOf(all[at])[row + (key === "ArrowDown" ? 1 : -1)]);
      return;
    }
    const by = key === "ArrowRight" ? 1 : -1;
    if (isMove) {
      moveTo(card, all[at + by]);
      return;
    }
    for (let next = at + by; all[next]; next += by) {
      const cards = cardsOf(all[next]);
      if (!cards.length) continue;
      focusOn(cards[Math.min(row, cards.length - 1)]);
      return;
    }
  }

  document.addEventListener("keydown", (event) => {
    if (dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog")) return;
    const card = here();
    if (event.key.startsWith("Arrow")) {
      if (!card && !event.target.closest("#board")) return;
      event.preventDefault();
      if (card) arrow(card, event.key, event.shiftKey);
      else focusOn(document.querySelector("[data-card]"));
    } else if (card && event.key === "m") {
      event.preventDefault();
      ask(card);
    } else if (card && event.key === "o") {
      card.querySelector("[data-open]").click();
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-move]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ask(link.closest("[data-card]"));
  });

  // --- drag ------------------------------------------------------------------------------------
  const columnAt = (event) => event.target.closest?.("[data-column]");
  const light = (column) => {
    for (const one of columns()) one.classList.toggle("is-target", one === column);
  };

  function arm() {
    for (const card of document.querySelectorAll("[data-card]")) {
      card.draggable = true;
      for (const link of card.querySelectorAll("a")) link.draggable = false;
    }
  }

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-card]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.id);
    dragged.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    const column = columnAt(event);
    if (!dragged || !column) return;
    event.preventDefault();
    light(column);
  });
  document.addEventListener("drop", (event) => {
    const column = columnAt(event);
    if (!dragged || !column) return;
    event.preventDefault();
    moveTo(dragged, column);
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    dragged = null;
    light(null);
  });
  document.addEventListener("htmx:afterSettle", arm);
  arm();
}
