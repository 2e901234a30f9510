"""Analytics of payments: what came in, what failed and why, and how links were used.

Which payment counts, and where:

- A payment belongs to the day of its moment: `paid_at`, or `created_at` while there is none
  (pending, failed). Days, hours and weekdays are those of the company's time zone, which is
  reckoned from the same zone database as everything else (`core.periods`), not PostgreSQL's.
- *Received* is the sum of succeeded payments at their full amounts, whether expected or not.
  Late, surplus and mismatched ones are part of it and told apart as *unexpected*; *waiting* are
  those that nobody has decided about.
- One checkout has one payment: declined first and paid later counts once, as succeeded.
- *Refunds* and *disputes* are those of the payments that the filter chooses, whenever they came,
  so that every figure speaks of the same payments. Refunded is what has left: refunds that
  succeeded or are on their way at the bank, partial ones with their part. Refunds that are only
  asked for, and those that failed, are told beside it and change nothing.
- A dispute takes its amount while it is open and when it is lost; won ones and those that were
  prevented give or leave it; inquiries have taken nothing yet.
- *Net* is received, less refunded, less what disputes take. Stripe's fees are no part of it.
- Amounts are minor units of one currency and never added across currencies.
- The funnel counts views of links (by the day they happened), checkouts opened from links (by
  `created_at`; narrowed by amount and currency as frozen on them; a method is not known yet),
  and the succeeded payments of links among those that the filter chooses.
"""
