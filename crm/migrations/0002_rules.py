"""What the tables promise beyond columns: stages, people and teams of the same company, who sees
which lead, and a first set of stages for each company."""

from django.db import migrations

from core.rls import ProtectTenantTables

SAME_TENANT = """
ALTER TABLE core_user ADD CONSTRAINT core_user_tenant_id_id UNIQUE (tenant_id, id);

ALTER TABLE crm_lead
    ADD CONSTRAINT lead_stage_known FOREIGN KEY (tenant_id, stage)
        REFERENCES crm_leadstage (tenant_id, key) DEFERRABLE INITIALLY IMMEDIATE,
    ADD CONSTRAINT lead_owner_same_tenant FOREIGN KEY (tenant_id, owner_id)
        REFERENCES core_user (tenant_id, id) DEFERRABLE INITIALLY IMMEDIATE;

ALTER TABLE crm_application
    ADD CONSTRAINT application_stage_known FOREIGN KEY (tenant_id, stage)
        REFERENCES crm_applicationstage (tenant_id, key) DEFERRABLE INITIALLY IMMEDIATE,
    ADD CONSTRAINT application_tenant_id_id_lead UNIQUE (tenant_id, id, lead_id);

-- When leads are merged their applications move, and what hangs on these moves along.
ALTER TABLE crm_task
    ADD CONSTRAINT task_lead_is_the_applications FOREIGN KEY (tenant_id, application_id, lead_id)
        REFERENCES crm_application (tenant_id, id, lead_id) ON UPDATE CASCADE,
    ADD CONSTRAINT task_assignee_same_tenant FOREIGN KEY (tenant_id, assignee_id)
        REFERENCES core_user (tenant_id, id) DEFERRABLE INITIALLY IMMEDIATE;

ALTER TABLE crm_paymentrequest
    ADD CONSTRAINT request_lead_is_the_applications FOREIGN KEY (tenant_id, application_id, lead_id)
        REFERENCES crm_application (tenant_id, id, lead_id) ON UPDATE CASCADE;
"""

LEAD_OF_APPLICATION = """
CREATE FUNCTION crm_lead_of_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT lead_id INTO NEW.lead_id FROM crm_application
        WHERE tenant_id = NEW.tenant_id AND id = NEW.application_id;
    IF NEW.lead_id IS NULL THEN
        RAISE EXCEPTION 'there is no application % here', NEW.application_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION crm_lead_of_application() IS 'Fills in the lead of the row''s application.';

CREATE TRIGGER lead_of_application BEFORE INSERT OR UPDATE OF application_id ON crm_task
    FOR EACH ROW EXECUTE FUNCTION crm_lead_of_application('task_lead_is_the_applications');
CREATE TRIGGER lead_of_application BEFORE INSERT OR UPDATE OF application_id ON crm_paymentrequest
    FOR EACH ROW EXECUTE FUNCTION crm_lead_of_application('request_lead_is_the_applications');
"""

TEAMS = """
CREATE FUNCTION crm_check_lead_teams() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known uuid[];
BEGIN
    -- A team that goes away meanwhile is caught by the foreign key of crm_leadteam.
    known := array(SELECT id FROM core_team
        WHERE tenant_id = NEW.tenant_id AND id = ANY (NEW.team_ids) ORDER BY id);
    IF NOT NEW.team_ids <@ known THEN
        RAISE EXCEPTION 'a team of this lead is not a team of its company'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'lead_teams_same_tenant';
    END IF;
    NEW.team_ids := known;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION crm_check_lead_teams() IS
    'Holds a lead''s teams to its company; each once, in order.';

CREATE TRIGGER check_teams BEFORE INSERT OR UPDATE OF team_ids ON crm_lead
    FOR EACH ROW EXECUTE FUNCTION crm_check_lead_teams();

CREATE FUNCTION crm_keep_lead_teams() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM crm_leadteam WHERE tenant_id = NEW.tenant_id AND lead_id = NEW.id
        AND NOT team_id = ANY (NEW.team_ids);
    INSERT INTO crm_leadteam (tenant_id, lead_id, team_id)
        SELECT NEW.tenant_id, NEW.id, unnest(NEW.team_ids) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION crm_keep_lead_teams() IS 'Keeps crm_leadteam as crm_lead.team_ids has it.';

CREATE TRIGGER keep_teams_on_insert AFTER INSERT ON crm_lead
    FOR EACH ROW WHEN (NEW.team_ids <> '{}') EXECUTE FUNCTION crm_keep_lead_teams();
CREATE TRIGGER keep_teams_on_update AFTER UPDATE OF team_ids ON crm_lead
    FOR EACH ROW WHEN (NEW.team_ids IS DISTINCT FROM OLD.team_ids)
    EXECUTE FUNCTION crm_keep_lead_teams();

CREATE FUNCTION crm_forget_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_lead SET team_ids = array_remove(team_ids, OLD.id)
        WHERE tenant_id = OLD.tenant_id AND team_ids @> ARRAY[OLD.id];
    RETURN OLD;
END $$;
COMMENT ON FUNCTION crm_forget_team() IS 'Takes a deleted team off its leads.';

CREATE TRIGGER forget_team AFTER DELETE ON core_team
    FOR EACH ROW EXECUTE FUNCTION crm_forget_team();
"""

FIRST_STAGES = """
CREATE FUNCTION crm_make_first_stages(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    outer_tenant text := coalesce(current_setting('app.tenant_id', true), '');
    outer_role text := coalesce(current_setting('app.role', true), '');
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true), set_config('app.role', 'system', true);
    INSERT INTO crm_leadstage
        (tenant_id, position, key, name, outcome, deadline_days, needs_note, may_go_back)
    VALUES
        (tenant, 10, 'new', 'New', 'open', 2, false, true),
        (tenant, 20, 'contacted', 'Contacted', 'open', 7, false, true),
        (tenant, 30, 'advising', 'Advising', 'open', 14, false, true),
        (tenant, 40, 'converted', 'Converted', 'won', NULL, false, true),
        (tenant, 50, 'disqualified', 'Disqualified', 'lost', NULL, true, true)
    ON CONFLICT DO NOTHING;
    INSERT INTO crm_applicationstage
        (tenant_id, position, key, name, outcome, deadline_days, needs_note, may_go_back)
    VALUES
        (tenant, 10, 'draft', 'Draft', 'open', 14, false, true),
        (tenant, 20, 'submitted', 'Submitted', 'open', 7, false, true),
        (tenant, 30, 'payment_received', 'Payment received', 'open', 7, false, false),
        (tenant, 40, 'in_review', 'In review', 'open', 14, false, true),
        (tenant, 50, 'accepted', 'Accepted', 'won', NULL, false, true),
        (tenant, 60, 'rejected', 'Rejected', 'lost', NULL, true, true),
        (tenant, 70, 'withdrawn', 'Withdrawn', 'lost', NULL, true, true)
    ON CONFLICT DO NOTHING;
    PERFORM set_config('app.tenant_id', outer_tenant, true), set_config('app.role', outer_role, true);
END $$;
COMMENT ON FUNCTION crm_make_first_stages(uuid) IS 'Gives a company the stages it starts with.';

CREATE FUNCTION crm_stages_of_new_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm_make_first_stages(NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER make_first_stages AFTER INSERT ON core_tenant
    FOR EACH ROW EXECUTE FUNCTION crm_stages_of_new_tenant();

SELECT crm_make_first_stages(id) FROM core_tenant;
"""

# What the policies ask, by name. Written as `(select f())` each is asked once, not once a row.
IN_SCOPE = """
CREATE FUNCTION core_scope_role() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT current_setting('app.role', true) $$;
COMMENT ON FUNCTION core_scope_role() IS 'The role the transaction acts in.';

CREATE FUNCTION core_scope_user() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $$;
COMMENT ON FUNCTION core_scope_user() IS 'The person the transaction acts for.';

CREATE FUNCTION core_scope_teams() RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array(SELECT team_id FROM core_teammembership WHERE user_id = core_scope_user()) $$;
COMMENT ON FUNCTION core_scope_teams() IS 'The teams of the person the transaction acts for.';

CREATE FUNCTION crm_scope_leads() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT id FROM crm_lead WHERE owner_id = (SELECT core_scope_user())
    UNION ALL
    SELECT lead_id FROM crm_leadteam WHERE team_id = ANY ((SELECT core_scope_teams())::uuid[]) $$;
COMMENT ON FUNCTION crm_scope_leads() IS
    'The leads a counselor sees, as lead_seen has it, each half found by an index.';
"""

ROLE = "(select core_scope_role())"
ME = "(select core_scope_user())"
MY_TEAMS = "(select core_scope_teams())"
LEADS_SEEN = "select crm_scope_leads()"
SEES_ALL = f"{ROLE} in ('admin', 'system')"
SEES_LEAD = f"{SEES_ALL} or ({ROLE} = 'counselor' and (owner_id = {ME} or team_ids && {MY_TEAMS}))"


def restrict(table, name, command, words, *, using="", check=""):
    """Return the SQL of a rule that narrows what tenant_isolation opens."""
    clauses = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
    return f"""
CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {command}{clauses};
COMMENT ON POLICY {name} ON {table} IS '{words}';
"""


def lead_rules():
    everybody = "Counselors: leads they own or that a team of theirs has. Admins: all."
    yield restrict("crm_lead", "lead_seen", "SELECT", everybody, using=SEES_LEAD)
    yield restrict(
        "crm_lead",
        "lead_added",
        "INSERT",
        "Counselors add leads as owner or for a team of theirs. Admins: any.",
        check=SEES_LEAD,
    )
    yield restrict(
        "crm_lead",
        "lead_changed",
        "UPDATE",
        "Who sees a lead may change it, as long as they see it afterwards.",
        using=SEES_LEAD,
        check=SEES_LEAD,
    )
    yield restrict("crm_lead", "lead_deleted", "DELETE", "Admins only.", using=SEES_ALL)


def followers(table, noun):
    follows = f"{SEES_ALL} or ({ROLE} = 'counselor' and lead_id in ({LEADS_SEEN}))"
    who = "Who sees the lead."
    yield restrict(table, f"{noun}_seen", "SELECT", who, using=follows)
    yield restrict(table, f"{noun}_added", "INSERT", who, check=follows)
    if noun == "entry":
        kept = "What happened is never changed."
        yield restrict(table, "entry_changed", "UPDATE", kept, using="false")
        yield restrict(table, "entry_deleted", "DELETE", kept, using="false")
    else:
        yield restrict(table, f"{noun}_changed", "UPDATE", who, using=follows, check=follows)
        yield restrict(table, f"{noun}_deleted", "DELETE", "Admins only.", using=SEES_ALL)


def written_by_admins(table, noun):
    words = "Admins only; everybody in the company reads."
    yield restrict(table, f"{noun}_added", "INSERT", words, check=SEES_ALL)
    yield restrict(table, f"{noun}_changed", "UPDATE", words, using=SEES_ALL, check=SEES_ALL)
    yield restrict(table, f"{noun}_deleted", "DELETE", words, using=SEES_ALL)


def lead_teams():
    words = "Written by the trigger on crm_lead and by nobody else."
    by_trigger = "(select pg_trigger_depth() > 0)"
    yield restrict("crm_leadteam", "lead_team_added", "INSERT", words, check=by_trigger)
    yield restrict("crm_leadteam", "lead_team_changed", "UPDATE", words, using="false")
    yield restrict("crm_leadteam", "lead_team_deleted", "DELETE", words, using=by_trigger)


def own_rows():
    mine = f"{SEES_ALL} or ({ROLE} = 'counselor' and user_id = {ME})"
    yield restrict(
        "crm_calendarfeed",
        "calendar_feed_is_own",
        "ALL",
        "A person''s own.",
        using=mine,
        check=mine,
    )
    seen = f"{SEES_ALL} or ({ROLE} = 'counselor' and user_id = {ME} and lead_id in ({LEADS_SEEN}))"
    yield restrict(
        "crm_reminder",
        "reminder_is_own",
        "ALL",
        "A person''s own, about leads they see.",
        using=seen,
        check=seen,
    )


def rules():
    yield from lead_rules()
    yield from followers("crm_application", "application")
    yield from followers("crm_task", "task")
    yield from followers("crm_paymentrequest", "request")
    yield from followers("crm_timelineentry", "entry")
    yield from written_by_admins("crm_leadstage", "lead_stage")
    yield from written_by_admins("crm_applicationstage", "application_stage")
    # Whoever could join a team could give themselves its leads.
    yield from written_by_admins("core_team", "team")
    yield from written_by_admins("core_teammembership", "membership")
    yield from lead_teams()
    yield from own_rows()


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [
        ProtectTenantTables(),
        migrations.RunSQL(SAME_TENANT),
        migrations.RunSQL(LEAD_OF_APPLICATION),
        migrations.RunSQL(TEAMS),
        migrations.RunSQL(FIRST_STAGES),
        migrations.RunSQL(IN_SCOPE),
        migrations.RunSQL("".join(rules())),
    ]
