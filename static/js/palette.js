"use strict";
// Ctrl/Cmd-K or "/" opens the search dialog. Without JavaScript its button is a link to the page.
{
  const dialog = document.getElementById("palette");
  const input = dialog?.querySelector("input");
  const list = dialog?.querySelector("[role=listbox]");
  const state = dialog?.querySelector("[role=status]");
  const invitation = state?.textContent;
  let asked = 0;
  let timer = 0;

  const options = () => [...list.children];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function choose(option) {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function part(name, text) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    return span;
  }

  function optionFor(found, index) {
    const option = document.createElement("li");
    const link = document.createElement("a");
    option.id = `palette-option-${index}`;
    option.setAttribute("role", "option");
    link.href = found.url;
    link.tabIndex = -1;
    link.append(part("kind", found.kind), part("title", found.title), part("detail", found.detail));
    option.append(link);
    return option;
  }

  function show(results) {
    list.replaceChildren(...results.map(optionFor));
    input.setAttribute("aria-expanded", String(results.length > 0));
    choose(list.firstElementChild);
  }

  async function search() {
    const query = input.value.trim();
    const mine = ++asked;
    if (!query) {
      show([]);
      state.textContent = invitation;
      return;
    }
    const address = `${dialog.dataset.searchUrl}?q=${encodeURIComponent(query)}`;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { results } = await answer.json();
      if (mine !== asked) return;
      show(results);
      state.textContent = results.length ? `${results.length} found.` : "Nothing found.";
    } catch {
      if (mine !== asked) return;
      show([]);
      state.textContent = "The search did not answer. Reload the page and try again.";
    }
  }

  function step(by) {
    const all = options();
    if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
  }

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
  }

  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

  if (dialog) {
    document.addEventListener("keydown", (event) => {
      const isShortcut = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      const isSlash = event.key === "/" && !isTyping(event.target);
      if (!isShortcut && !isSlash) return;
      event.preventDefault();
      open();
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-palette-open]") && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        open();
      } else if (event.target === dialog) {
        dialog.close();
      }
    });
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, 120);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        step(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && chosen()) {
        event.preventDefault();
        chosen().querySelector("a").click();
      }
    });
  }
}
