"""What is true of the whole API, in the words that head its documentation."""

ABOUT = """
What Taproom does for programs and for people with scripts.

**Who asks.** People send `Authorization: Bearer <access>` from `/api/token/` (e-mail and password;
15 minutes; `/api/token/refresh/` trades the refresh token for a new pair, once). Programs send
`Authorization: Api-Key tap_...`. Each operation names the scope it needs.

**Errors** are `application/problem+json` (RFC 9457). Branch on `code`; `errors` points at each
mistake by `pointer` (in the body), `parameter` or `header`. Whatever answers 400 or more kept
nothing. Another company's row is 404. Tell support the `request_id`, which is also the answer's
`X-Request-ID`.

**Bodies** are JSON in UTF-8, strictly: unknown fields and parameters, names given twice, `"12"` for
a number and times without a zone are refused. Money is whole minor units and a currency.

**Lists** answer `items`, `next` and `previous`: follow `next` as it is until it is null;
`previous` leads back.

**Repeating.** A POST with an `Idempotency-Key` may be repeated for 24 hours: it is answered again
(`Idempotent-Replayed: true`) and not done again. Where money moves the key is required.

**Changing.** A row's `ETag` may be sent back as `If-Match`: if somebody changed it meanwhile, the
answer is 412 and nothing is written. Without it the last writer wins.

**Limits.** 600 requests a minute for each credential, 60 for an address without one, unless your
operator set others. Then 429 with `Retry-After`. A final slash is optional everywhere.
"""
