"""Promise: what was invoiced for a period is what its usage, prices and fees come to now."""

from __future__ import annotations

from billing.queries.audit.check import Check
from billing.queries.charges import STATEMENT

# The statement behind invoices takes its targets as arrays; here they are the periods that have
# been invoiced and that nothing has flagged since.
_TARGETS = """
    SELECT p.organization_id, p.starts_on, p.ends_on, p.whole_days,
        p.ends_on AS next_ends_on, 1 AS next_whole_days, false AS is_next,
        row_number() OVER (ORDER BY p.id) AS n
    FROM billing_billingperiod p
    WHERE p.state = 'invoiced' AND p.recheck_at IS NULL AND p.starts_on >= %(since)s),
span AS (
"""


def _over_invoiced_periods(statement: str) -> str:
    """Return the statement with its targets read from the periods instead of given."""
    start, rest = statement.split("target AS (", 1)
    _, after = rest.split("span AS (", 1)
    return f"{start}target AS ({_TARGETS}{after}"


CHARGES_ARE_RATED_USAGE = Check(
    name="charges_are_rated_usage",
    says="Lines of an invoiced period are what its usage, prices and fees come to.",
    sql=f"""
{_over_invoiced_periods(STATEMENT)}
SELECT t.organization_id::text AS id, c.source || ' ' || c.source_id || ' from ' || c.charged_from
    || ': differs by ' || c.amount || ', quantity by ' || trim_scale(coalesce(c.quantity, 0))
    AS detail
FROM charge c JOIN target t USING (n)
WHERE c.charged_from = t.starts_on AND (c.amount <> 0 OR coalesce(c.quantity, 0) <> 0)
""",  # noqa: S608 - ours
)
