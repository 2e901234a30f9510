"use strict";
// The total of a payment page while the numbers are typed, by the customs of the page's language.
// The server reckons it again when the button is pressed: what is shown here decides nothing.
{
  const lines = document.querySelector("[data-lines]");
  const digits = Number(lines.dataset.decimals);
  const locale = lines.dataset.locale.replaceAll("_", "-");
  const money = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: lines.dataset.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const shown = (minor) => (minor === null ? "–" : money.format(minor / 10 ** digits));

  const totalOf = (box) => {
    if (box.dataset.total) return Number(box.dataset.total);
    const input = box.closest(".line").querySelector("input");
    const typed = input.value.trim();
    const isCount = /^[0-9]{1,6}$/.test(typed) && input.validity.valid;
    return isCount ? Number(typed) * Number(box.dataset.each) : null;
  };

  const reckon = () => {
    let sum = 0;
    for (const box of lines.querySelectorAll("[data-each], [data-total]")) {
      const total = totalOf(box);
      box.textContent = shown(total);
      sum = total === null || sum === null ? null : sum + total;
    }
    document.getElementById("total").textContent = shown(sum);
  };

  // Gone, not hidden: Enter would press it, as the first button of the form.
  lines.querySelector("[data-update]").remove();
  lines.addEventListener("input", reckon);
  // What the browser has kept of an earlier visit.
  addEventListener("pageshow", reckon);
}
