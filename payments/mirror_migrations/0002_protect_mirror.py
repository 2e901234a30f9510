"""Show each tenant the mirrored objects of its own Stripe account alone.

dj-stripe's tables have no tenant; they name the account that owns the object. Policies compare
that with the accounts of the tenant in scope, which row-level security has already narrowed.
"""

from django.db import migrations

OWN_ACCOUNTS = "(SELECT stripe_account_id FROM payments_stripeaccount)"

# Join tables name no account: they are seen with the object that they belong to.
THROUGH_PARENT = {
    "djstripe_djstripeinvoicedefaulttaxrate":
        "invoice_id IN (SELECT djstripe_id FROM djstripe_invoice)",
    "djstripe_djstripeinvoiceitemtaxrate":
        "invoiceitem_id IN (SELECT djstripe_id FROM djstripe_invoiceitem)",
    "djstripe_djstripesubscriptionitemtaxrate":
        "subscriptionitem_id IN (SELECT djstripe_id FROM djstripe_subscriptionitem)",
    "djstripe_djstripepaymentmethod":
        "id IN (SELECT id FROM djstripe_paymentmethod UNION ALL SELECT id FROM djstripe_card"
        " UNION ALL SELECT id FROM djstripe_source)",
}

# Parts of dj-stripe that Taproom does not use: its webhook endpoint and its idempotency table.
UNUSED = ["djstripe_idempotencykey", "djstripe_webhookeventtrigger"]

PROTECT_OWNED = f"""
DO $$
DECLARE name text; test text;
BEGIN
    FOR name IN
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'djstripe_owner_account_id'
    LOOP
        test := format('%I IN {OWN_ACCOUNTS}',
            CASE name WHEN 'djstripe_account' THEN 'id' ELSE 'djstripe_owner_account_id' END);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY IF EXISTS own_stripe_account ON %I', name);
        EXECUTE format('CREATE POLICY own_stripe_account ON %I USING (%s) WITH CHECK (%s)',
            name, test, test);
    END LOOP;
END $$;
"""


def protect_through_parent(table: str, test: str) -> str:
    """Return the SQL that shows a join row with the object it belongs to.

    Such a row may be written first, so only reading it is bound.
    """
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_stripe_account ON {table};
CREATE POLICY own_stripe_account ON {table} USING ({test}) WITH CHECK (true);
"""


def close(table: str) -> str:
    """Return the SQL that closes an unused table to everybody."""
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("djstripe", "0001_initial"), ("payments", "0001_initial")]

    operations = [
        migrations.RunSQL(PROTECT_OWNED, migrations.RunSQL.noop),
        *[
            migrations.RunSQL(
                protect_through_parent(table, test), migrations.RunSQL.noop
            )
            for table, test in THROUGH_PARENT.items()
        ],
        *[migrations.RunSQL(close(table), migrations.RunSQL.noop) for table in UNUSED],
    ]
