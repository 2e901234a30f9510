"""`python -m benchmarks.analytics [--payments N]`: all figures of analytics, at full size.

Three ways to the same figures, in turn: `psql` with statements written by hand for each table,
the API and the page; once for all time, once for the last 30 days. Gates are told, not enforced.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console

from benchmarks.eligible import seconds_of_psql, seconds_of_request
from benchmarks.load import Request
from benchmarks.stage import Stage, stage

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark"
MOST_OF_PSQL = 3.0
ZONE = "America/New_York"

# Three years of payments: three of five by one of 2,000 links, nine of ten succeeded, one of
# fifty refunded. Payers' details are as long as encrypted ones are.
ROWS = """
SET session_replication_role = replica;
SET synchronous_commit = off;
INSERT INTO payments_stripeaccount (tenant_id, id, stripe_account_id, secret_key, webhook_secrets,
    livemode)
SELECT {tenant}, {tenant}, 'acct_bench', '', '', false;
CREATE TEMPORARY TABLE link AS
SELECT gen_random_uuid() AS id, n FROM generate_series(0, 1999) n;
INSERT INTO payments_paymentlink (tenant_id, id, token, title, description, reference,
    amount_minor, currency, version, after_payment_message, redirect_url)
SELECT {tenant}, id, '', 'Link ' || n, '', '', 1000, 'EUR', 1, '', '' FROM link;
CREATE TEMPORARY TABLE paid AS
SELECT gen_random_uuid() AS id, gen_random_uuid() AS checkout_id, n,
    now() - n * (interval '1096 days' / {payments}) AS at, (n::bigint * 7919) % 100 AS luck
FROM generate_series(1, {payments}) n;
INSERT INTO payments_checkout (tenant_id, id, kind, subject_id, link_id, account_id, title,
    amount_minor, currency, state, holds_slot, visitor_hash, epoch, session_expires_at,
    success_url, cancel_url, stripe_session_id, stripe_payment_intent_id, session_url,
    decline_code, decline_message, last_error, created_at)
SELECT {tenant}, p.checkout_id, CASE WHEN p.n % 5 < 3 THEN 'link' WHEN p.n % 5 = 3 THEN
    'application_fee' ELSE 'rent' END, p.id, CASE WHEN p.n % 5 < 3 THEN link.id END, {tenant},
    'Something', 1000 + p.n % 9000, CASE WHEN p.n % 11 = 0 THEN 'USD' ELSE 'EUR' END, 'succeeded',
    false, repeat('v', 64), 1, p.at, 'https://shop.example/thanks', 'https://shop.example/back',
    'cs_' || p.n, 'pi_' || p.n, 'https://checkout.example/' || repeat('x', 120), '', '', '', p.at
FROM paid p JOIN link ON link.n = (p.n * 31) % 2000 ORDER BY p.n DESC;
INSERT INTO payments_payment (tenant_id, id, checkout_id, link_id, amount_minor, currency,
    refunded_minor, state, standing, mismatch, method, card_brand, last4, payer, decline_code,
    decline_message, stripe_payment_intent_id, stripe_charge_id, paid_at, decision, created_at)
SELECT {tenant}, p.id, p.checkout_id, CASE WHEN p.n % 5 < 3 THEN link.id END, 1000 + p.n % 9000,
    CASE WHEN p.n % 11 = 0 THEN 'USD' ELSE 'EUR' END, 0,
    CASE WHEN luck < 90 THEN 'succeeded' WHEN luck < 92 THEN 'pending' ELSE 'failed' END,
    CASE WHEN luck < 2 THEN 'late' ELSE 'expected' END, '',
    CASE WHEN p.n % 4 = 0 THEN 'sepa_debit' ELSE 'card' END,
    CASE WHEN p.n % 4 = 0 THEN '' WHEN p.n % 3 = 0 THEN 'visa' ELSE 'mastercard' END, '4242',
    repeat('p', 200), CASE WHEN luck >= 92 THEN (ARRAY['expired_card', 'insufficient_funds', ''])
    [1 + p.n % 3] ELSE '' END, '', 'pi_' || p.n, 'ch_' || p.n,
    CASE WHEN luck < 90 THEN p.at END, '', p.at
FROM paid p JOIN link ON link.n = (p.n * 31) % 2000 ORDER BY p.n DESC;
INSERT INTO payments_refund (tenant_id, payment_id, amount_minor, currency, reason, state,
    epoch, attempts, last_error)
SELECT {tenant}, id, 500, CASE WHEN n % 11 = 0 THEN 'USD' ELSE 'EUR' END, '', 'succeeded', 1, 0, ''
FROM paid WHERE luck < 90 AND n % 50 = 0;
INSERT INTO payments_linkviews (tenant_id, link_id, day, views)
SELECT {tenant}, id, current_date - d, 1 + d % 9 FROM link, generate_series(0, 99) d;
"""

# What somebody would write who wants the same figures and has the same tables and indexes.
BY_HAND = """
SELECT currency, state, standing, decision, count(*), sum(amount_minor)
FROM payments_payment p WHERE {paid} GROUP BY 1, 2, 3, 4;
SELECT currency, state, (coalesce(paid_at, created_at) AT TIME ZONE '{zone}')::date, count(*),
    sum(amount_minor) FROM payments_payment p WHERE {paid} GROUP BY 1, 2, 3;
SELECT currency, state, date_part('isodow', coalesce(paid_at, created_at) AT TIME ZONE '{zone}'),
    date_part('hour', coalesce(paid_at, created_at) AT TIME ZONE '{zone}'), count(*),
    sum(amount_minor) FROM payments_payment p WHERE {paid} GROUP BY 1, 2, 3, 4;
SELECT currency, state, method, card_brand, count(*), sum(amount_minor)
FROM payments_payment p WHERE {paid} GROUP BY 1, 2, 3, 4;
SELECT currency, decline_code, count(*), sum(amount_minor)
FROM payments_payment p WHERE state = 'failed' AND {paid} GROUP BY 1, 2;
SELECT p.currency, p.state, c.kind, count(*), sum(p.amount_minor)
FROM payments_payment p JOIN payments_checkout c ON c.id = p.checkout_id WHERE {joined}
GROUP BY 1, 2, 3;
SELECT link_id, count(*) FROM payments_payment p
WHERE state = 'succeeded' AND link_id IS NOT NULL AND {paid} GROUP BY 1;
SELECT r.currency, r.state, count(*), sum(r.amount_minor)
FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id WHERE {joined} GROUP BY 1, 2;
SELECT link_id, count(*) FROM payments_checkout
WHERE link_id IS NOT NULL AND {opened} GROUP BY 1;
SELECT link_id, sum(views) FROM payments_linkviews WHERE {viewed} GROUP BY 1;
"""


def by_hand(tenant: object, since: str = "") -> str:
    """Return the statements by hand, in the company's scope; `since` is a day of its zone."""
    start = f"(timestamp '{since}' AT TIME ZONE '{ZONE}')"
    moment = f"coalesce(p.paid_at, p.created_at) >= {start}"
    conditions = {
        "paid": moment if since else "true",
        "joined": moment if since else "true",
        "opened": f"created_at >= {start}" if since else "true",
        "viewed": f"day >= date '{since}'" if since else "true",
    }
    return f"SET app.tenant_id = '{tenant}'; {BY_HAND.format(zone=ZONE, **conditions)}"


def make_rows(on: Stage, payments: int) -> tuple[object, dict[str, str], dict[str, str]]:
    """Fill the empty database; return the company and the headers of a program and a person."""
    from django.test import Client

    from core.models import Tenant, User
    from core.operations.tokens import issue_tokens

    tenant = Tenant.objects.create(name="Big brewery", slug="big", time_zone=ZONE)
    user = User.objects.create_user("admin@big.example", "x" * 20, tenant=tenant, role="admin")
    with psycopg.connect(on.superuser_url, autocommit=True) as connection:
        for statement in ROWS.format(tenant=f"'{tenant.pk}'::uuid", payments=payments).split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")  # or it falls into the measurement
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    token = f"Bearer {issue_tokens(user=user).access}"
    return tenant.pk, {"Authorization": token}, {"Cookie": cookie}


def main(words: list[str]) -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser("benchmarks.analytics", description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    console = Console(width=110)
    command = f"python -m benchmarks.analytics --payments {options.payments}"
    console.print(f"{command} --rounds {options.rounds} ({os.cpu_count()} cores)")
    with stage(HOME) as on:
        began = time.perf_counter()
        tenant, program, person = make_rows(on, options.payments)
        console.print(f"made in {time.perf_counter() - began:,.0f} s")
        month = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 29 * 86_400))
        for name, query, since in (("all time", "", ""), ("30 days", f"first_day={month}", month)):
            api = Request("GET", f"/api/payments/analytics/?{query}", program)
            page = Request("GET", f"/analytics/?{query or 'first_day='}", person)
            taken = measure(on, [api, page], by_hand(tenant, since), options.rounds)
            tell(console, name, taken)
    return 0


def measure(on: Stage, requests: list[Request], sql: str, rounds: int) -> list[float]:
    """Return the medians of psql and of each request, taken in turn, in seconds."""
    for request in requests:  # each worker has its connection and its code by now
        for _ in range(4):
            seconds_of_request(on.real, request)
    taken: list[list[float]] = [[] for _ in range(len(requests) + 1)]
    for _ in range(rounds):
        taken[0].append(seconds_of_psql(on, sql)[0])
        for number, request in enumerate(requests, start=1):
            taken[number].append(seconds_of_request(on.real, request)[0])
    return [median(each) for each in taken]


def tell(console: Console, name: str, medians: list[float]) -> None:
    """Print what was found beside what was promised."""
    psql, *ours = medians
    console.print(f"{name}: psql, by hand {psql * 1000:,.0f} ms")
    for words, found in zip(("API", "page"), ours, strict=True):
        word = "pass" if found / psql <= MOST_OF_PSQL else "fail"
        console.print(
            f"  {words:5} {found * 1000:8,.0f} ms, {found / psql:5.2f} of it"
            f" (gate {MOST_OF_PSQL:g}): {word}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
