"use strict";
// Figures stay fresh by themselves: asked for again while the page is seen and nobody is at work
// in it, put in place only where something changed, with focus, folds and scrolling as they were.
{
  const figures = document.getElementById("figures");
  const said = document.getElementById("freshness");
  let isAsking = false;

  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  const say = (words) => {
    said.hidden = false;
    if (said.textContent !== words) said.textContent = words;
  };

  const isBusy = () => {
    const active = document.activeElement;
    const isTyping = Boolean(active && active.closest("form, dialog"));
    const selected = getSelection();
    const isReading = !selected.isCollapsed && figures.contains(selected.anchorNode);
    return document.hidden || isTyping || isReading || document.querySelector("dialog[open]") !== null;
  };

  const put = (fresh) => {
    const folds = [...figures.querySelectorAll("details[open]")].map((one) => one.id);
    const places = [...figures.querySelectorAll("[tabindex]")].map((one) => [one.id, one.scrollLeft, one.scrollTop]);
    const focused = figures.contains(document.activeElement) ? document.activeElement.id : "";
    figures.replaceChildren(...fresh.childNodes);
    figures.dataset.digest = fresh.dataset.digest;
    for (const id of folds) {
      const one = document.getElementById(id);
      if (one) one.open = true;
    }
    for (const [id, left, top] of places) {
      const one = document.getElementById(id);
      if (one) one.scrollTo(left, top);
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const ask = async () => {
    if (isAsking || isBusy()) return;
    isAsking = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("figures");
      if (!answer.ok || !fresh) throw new Error("no figures");
      figures.dataset.refresh = fresh.dataset.refresh;
      if (fresh.dataset.digest !== figures.dataset.digest && !isBusy()) put(fresh);
      say(`As of ${clock()}. The figures renew themselves.`);
    } catch {
      say("The figures could not be renewed. Reload the page to try again.");
    } finally {
      isAsking = false;
    }
  };

  if (figures) {
    let last = Date.now();
    const due = () => Date.now() - last >= Number(figures.dataset.refresh) * 1000;
    const perhaps = () => {
      if (!due() || isBusy()) return;
      last = Date.now();
      ask();
    };
    setInterval(perhaps, 1000);
    document.addEventListener("visibilitychange", perhaps);
    say(`As of ${clock()}. The figures renew themselves.`);
  }
}
