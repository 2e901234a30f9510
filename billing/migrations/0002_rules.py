"""What the tables promise beyond columns: what is written once, and what is frozen when."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0];
END $$;
COMMENT ON FUNCTION billing_refuse_change() IS 'Refuses a change of what is written once.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_usageevent
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('usage_event_is_append_only');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON billing_walletentry
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('wallet_entry_is_append_only');
CREATE TRIGGER never_deleted BEFORE DELETE ON billing_usagebucket
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('usage_bucket_is_kept');
-- Events say by their bucket whose they are and of what day, so that may not change.
CREATE TRIGGER stays_what_it_is
    BEFORE UPDATE OF id, tenant_id, organization_id, day, meter_id, dimensions
    ON billing_usagebucket
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('usage_bucket_is_kept');
-- A changed bucket stays on its page and touches no index.
ALTER TABLE billing_usagebucket SET (fillfactor = 70);
"""

FROZEN = """
CREATE FUNCTION billing_freeze_organization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.currency, NEW.time_zone, NEW.anchor_day, NEW.billing_starts_on)
        IS DISTINCT FROM (OLD.currency, OLD.time_zone, OLD.anchor_day, OLD.billing_starts_on)
       AND (EXISTS (SELECT FROM billing_usagebucket WHERE organization_id = OLD.id)
            OR EXISTS (SELECT FROM billing_billingperiod WHERE organization_id = OLD.id)
            OR EXISTS (SELECT FROM billing_walletentry WHERE organization_id = OLD.id))
    THEN
        RAISE EXCEPTION 'currency, zone and periods of an organization are fixed by its usage'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'organization_calendar_is_fixed';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION billing_freeze_organization() IS
    'Refuses another currency, zone or calendar once there is usage, a period or prepaid credit.';
CREATE TRIGGER stays_fixed BEFORE UPDATE ON billing_organization
    FOR EACH ROW EXECUTE FUNCTION billing_freeze_organization();

CREATE FUNCTION billing_freeze_meter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.code, NEW.aggregation, NEW.dimensions, NEW.unique_by, NEW.allows_negative)
        IS DISTINCT FROM
       (OLD.code, OLD.aggregation, OLD.dimensions, OLD.unique_by, OLD.allows_negative)
       AND EXISTS (SELECT FROM billing_usagebucket WHERE meter_id = OLD.id)
    THEN
        RAISE EXCEPTION 'meter % has been used', OLD.code
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'used_meter_is_fixed';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION billing_freeze_meter() IS
    'Refuses another way of counting once there is usage.';
CREATE TRIGGER stays_fixed BEFORE UPDATE ON billing_meter
    FOR EACH ROW EXECUTE FUNCTION billing_freeze_meter();
CREATE INDEX bucket_by_meter ON billing_usagebucket (meter_id, day);

-- Published prices and fees only ever end; a new price is a new row.
CREATE FUNCTION billing_freeze_price() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_published boolean;
    was jsonb;
BEGIN
    IF TG_TABLE_NAME = 'billing_pricetier' THEN
        SELECT v.published_at IS NOT NULL INTO is_published
            FROM billing_price p JOIN billing_planversion v ON v.id = p.version_id
            WHERE p.id = OLD.price_id;
    ELSE
        SELECT published_at IS NOT NULL INTO is_published
            FROM billing_planversion WHERE id = OLD.version_id;
    END IF;
    IF is_published IS NOT TRUE THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    was := to_jsonb(OLD) - '{updated_at,ends_on}'::text[];
    IF TG_OP = 'DELETE' OR was IS DISTINCT FROM to_jsonb(NEW) - '{updated_at,ends_on}'::text[] THEN
        RAISE EXCEPTION 'published prices do not change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_price_is_fixed';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION billing_freeze_price() IS
    'Refuses a change of a published price, tier or fee, other than the day on which it ends.';
CREATE TRIGGER stays_fixed BEFORE UPDATE OR DELETE ON billing_price
    FOR EACH ROW EXECUTE FUNCTION billing_freeze_price();
CREATE TRIGGER stays_fixed BEFORE UPDATE OR DELETE ON billing_pricetier
    FOR EACH ROW EXECUTE FUNCTION billing_freeze_price();
CREATE TRIGGER stays_fixed BEFORE UPDATE OR DELETE ON billing_recurringfee
    FOR EACH ROW EXECUTE FUNCTION billing_freeze_price();
"""

INVOICES = """
CREATE FUNCTION billing_freeze_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- The copy of the payer may be encrypted anew or erased; a run may be forgotten.
    free text[] := '{updated_at,payer,run_id}';
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'final' AND NEW.state = 'void' THEN
        free := free || '{state,voided_at,void_reason,voided_by_id}'::text[];
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - free IS DISTINCT FROM to_jsonb(NEW) - free THEN
        RAISE EXCEPTION 'invoice % is final', OLD.number
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'final_invoice_never_changes';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION billing_freeze_invoice() IS
    'Refuses any change of a finalized invoice but that it is voided.';
CREATE TRIGGER stays_fixed BEFORE UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_freeze_invoice();

CREATE FUNCTION billing_freeze_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed JOIN billing_invoice i ON i.id = changed.invoice_id
               WHERE i.state <> 'draft') THEN
        RAISE EXCEPTION 'lines of a final invoice do not change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'final_invoice_never_changes';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION billing_freeze_lines() IS 'Refuses lines added to or taken from a final invoice.';
-- Statement by statement: a run writes very many lines at once.
CREATE TRIGGER final_lines_stay_new AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION billing_freeze_lines();
CREATE TRIGGER final_lines_stay_old AFTER DELETE ON billing_invoiceline
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION billing_freeze_lines();
CREATE TRIGGER never_updated BEFORE UPDATE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change('final_invoice_never_changes');
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY),
        migrations.RunSQL(FROZEN),
        migrations.RunSQL(INVOICES),
    ]
