"use strict";
// Google Analytics on a payment page whose visitor agreed. The page's address is a secret: Google
// is told a plain one, and does not get to see forms, whose target holds the secret too.
{
  const { measurement, link } = document.currentScript.dataset;
  const plain = `${location.origin}/pay/`;
  window.dataLayer = window.dataLayer || [];
  const gtag = function () { window.dataLayer.push(arguments); };
  window.gtag = gtag;

  // First of all listeners: what Google adds later to watch forms hears nothing of them.
  for (const kind of ["submit", "change", "focusin", "input"]) {
    window.addEventListener(kind, (event) => {
      const form = event.target.closest ? event.target.closest("form") : null;
      if (!form) return;
      if (kind === "submit" && !form.closest(".statistics")) {
        gtag("event", "begin_checkout", { payment_link: link });
      }
      event.stopImmediatePropagation();
    }, true);
  }

  gtag("js", new Date());
  gtag("consent", "default", {
    ad_storage: "denied",
    ad_user_data: "denied",
    ad_personalization: "denied",
    analytics_storage: "granted",
  });
  gtag("set", { page_location: plain, page_referrer: "", page_title: "Payment" });
  gtag("config", measurement, {
    page_location: plain,
    page_referrer: "",
    page_title: "Payment",
    payment_link: link,
    allow_google_signals: false,
    allow_ad_personalization_signals: false,
    cookie_domain: "none",
    cookie_path: "/pay/",
    cookie_flags: location.protocol === "https:" ? "SameSite=Lax;Secure" : "SameSite=Lax",
  });

  const script = document.createElement("script");
  script.async = true;
  script.referrerPolicy = "no-referrer";
  script.src = `https://www.googletagmanager.com/gtag/js?id=${encodeURIComponent(measurement)}`;
  document.head.append(script);
}
