"use strict";
// Menus close on Escape and on a click elsewhere; [data-copy] buttons copy the text they name.
// What htmx asked for is shown also when it was refused: the answer says why.
{
  // A filter typed wrongly, or a row that was changed meanwhile: the reason is in the answer.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (![400, 409].includes(detail.xhr.status)) return;
    detail.shouldSwap = true;
    detail.isError = false;
  });

  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const text = source.value ?? source.textContent.trim();
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      button.textContent = "Press Ctrl C";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
