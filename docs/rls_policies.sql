-- Who may see and write which row. Written by `manage.py write_schema`; the migrations make them.
--
-- A request sets, for its transaction only, app.tenant_id, app.user_id and app.role from the
-- claims tenant_id, user_id and role of its token; nothing set means no row. `tenant_isolation`
-- opens a company's rows; the RESTRICTIVE policies narrow that by role, one for each command.
-- FORCE holds the tables' owner to the same rules.


ALTER TABLE core_apikey ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_apikey FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_apikey AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_auditentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_auditentry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_auditentry AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY found_before_tenant ON core_entry AS PERMISSIVE FOR SELECT
    USING (true);
CREATE POLICY written_in_scope ON core_entry AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_letter ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_letter FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_letter AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_storedanswer ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_storedanswer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_storedanswer AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_team ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_team FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_team AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Admins only; everybody in the company reads.
CREATE POLICY team_added ON core_team AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY team_changed ON core_team AS RESTRICTIVE FOR UPDATE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]))
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY team_deleted ON core_team AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));

ALTER TABLE core_teammembership ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_teammembership FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_teammembership AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Admins only; everybody in the company reads.
CREATE POLICY membership_added ON core_teammembership AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY membership_changed ON core_teammembership AS RESTRICTIVE FOR UPDATE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]))
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY membership_deleted ON core_teammembership AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));

ALTER TABLE core_webhookdelivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_webhookdelivery FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_webhookdelivery AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_webhookendpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_webhookendpoint FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_webhookendpoint AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE core_webhookmessage ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_webhookmessage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core_webhookmessage AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_cardtry ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_cardtry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_cardtry AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_checkout ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_checkout FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_checkout AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_dispute ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_dispute FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_dispute AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_disputeanswer ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_disputeanswer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_disputeanswer AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_earlywarning ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_earlywarning FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_earlywarning AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_fraudalarm ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_fraudalarm FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_fraudalarm AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_fraudcount ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_fraudcount FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_fraudcount AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_frauddecision ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_frauddecision FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_frauddecision AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_fraudrule ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_fraudrule FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_fraudrule AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_importedlink ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_importedlink FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_importedlink AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_linkimport ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_linkimport FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_linkimport AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_linkrecipient ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_linkrecipient FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_linkrecipient AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_linktemplate ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_linktemplate FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_linktemplate AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_linkversion ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_linkversion FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_linkversion AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_linkviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_linkviews FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_linkviews AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_listedparty ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_listedparty FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_listedparty AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_movement ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_movement FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_movement AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_payment ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_payment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_payment AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_paymentlink ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_paymentlink FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_paymentlink AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_receipt ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_receipt FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_receipt AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_refund ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_refund FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_refund AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_stripeaccount ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_stripeaccount FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_stripeaccount AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE payments_stripeevent ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments_stripeevent FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON payments_stripeevent AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE crm_application ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_application FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_application AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Who sees the lead.
CREATE POLICY application_added ON crm_application AS RESTRICTIVE FOR INSERT
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- Who sees the lead.
CREATE POLICY application_changed ON crm_application AS RESTRICTIVE FOR UPDATE
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- Admins only.
CREATE POLICY application_deleted ON crm_application AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Who sees the lead.
CREATE POLICY application_seen ON crm_application AS RESTRICTIVE FOR SELECT
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));

ALTER TABLE crm_applicationstage ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_applicationstage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_applicationstage AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Admins only; everybody in the company reads.
CREATE POLICY application_stage_added ON crm_applicationstage AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY application_stage_changed ON crm_applicationstage AS RESTRICTIVE FOR UPDATE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]))
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY application_stage_deleted ON crm_applicationstage AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));

ALTER TABLE crm_calendarfeed ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_calendarfeed FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_calendarfeed AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- A person's own.
CREATE POLICY calendar_feed_is_own ON crm_calendarfeed AS RESTRICTIVE FOR ALL
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (user_id = (SELECT core_scope_user()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (user_id = (SELECT core_scope_user()))));

ALTER TABLE crm_lead ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_lead FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_lead AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Counselors add leads as owner or for a team of theirs. Admins: any.
CREATE POLICY lead_added ON crm_lead AS RESTRICTIVE FOR INSERT
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND ((owner_id = (SELECT core_scope_user())) OR (team_ids && (SELECT core_scope_teams())))));
-- Who sees a lead may change it, as long as they see it afterwards.
CREATE POLICY lead_changed ON crm_lead AS RESTRICTIVE FOR UPDATE
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND ((owner_id = (SELECT core_scope_user())) OR (team_ids && (SELECT core_scope_teams())))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND ((owner_id = (SELECT core_scope_user())) OR (team_ids && (SELECT core_scope_teams())))));
-- Admins only.
CREATE POLICY lead_deleted ON crm_lead AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Counselors: leads they own or that a team of theirs has. Admins: all.
CREATE POLICY lead_seen ON crm_lead AS RESTRICTIVE FOR SELECT
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND ((owner_id = (SELECT core_scope_user())) OR (team_ids && (SELECT core_scope_teams())))));

ALTER TABLE crm_leadimport ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_leadimport FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_leadimport AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- A person's own; admins all.
CREATE POLICY lead_import_is_own ON crm_leadimport AS RESTRICTIVE FOR ALL
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (user_id = (SELECT core_scope_user()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (user_id = (SELECT core_scope_user()))));

ALTER TABLE crm_leadstage ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_leadstage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_leadstage AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Admins only; everybody in the company reads.
CREATE POLICY lead_stage_added ON crm_leadstage AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY lead_stage_changed ON crm_leadstage AS RESTRICTIVE FOR UPDATE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]))
    WITH CHECK ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Admins only; everybody in the company reads.
CREATE POLICY lead_stage_deleted ON crm_leadstage AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));

ALTER TABLE crm_leadteam ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_leadteam FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_leadteam AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Written by the trigger on crm_lead and by nobody else.
CREATE POLICY lead_team_added ON crm_leadteam AS RESTRICTIVE FOR INSERT
    WITH CHECK (( SELECT (pg_trigger_depth() > 0)));
-- Written by the trigger on crm_lead and by nobody else.
CREATE POLICY lead_team_changed ON crm_leadteam AS RESTRICTIVE FOR UPDATE
    USING (false);
-- Written by the trigger on crm_lead and by nobody else.
CREATE POLICY lead_team_deleted ON crm_leadteam AS RESTRICTIVE FOR DELETE
    USING (( SELECT (pg_trigger_depth() > 0)));
-- Counselors and admins; made-up roles none.
CREATE POLICY lead_team_seen ON crm_leadteam AS RESTRICTIVE FOR SELECT
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text, 'counselor'::text]));

ALTER TABLE crm_notduplicate ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_notduplicate FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_notduplicate AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Who sees both leads.
CREATE POLICY pair_seen ON crm_notduplicate AS RESTRICTIVE FOR ALL
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (first_id IN (SELECT crm_scope_leads())) AND (second_id IN (SELECT crm_scope_leads()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (first_id IN (SELECT crm_scope_leads())) AND (second_id IN (SELECT crm_scope_leads()))));

ALTER TABLE crm_paymentrequest ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_paymentrequest FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_paymentrequest AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Who sees the lead.
CREATE POLICY request_added ON crm_paymentrequest AS RESTRICTIVE FOR INSERT
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- Who sees the lead.
CREATE POLICY request_changed ON crm_paymentrequest AS RESTRICTIVE FOR UPDATE
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- Admins only.
CREATE POLICY request_deleted ON crm_paymentrequest AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Who sees the lead.
CREATE POLICY request_seen ON crm_paymentrequest AS RESTRICTIVE FOR SELECT
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));

ALTER TABLE crm_reminder ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_reminder FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_reminder AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- A person's own, about leads they see.
CREATE POLICY reminder_is_own ON crm_reminder AS RESTRICTIVE FOR ALL
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (user_id = (SELECT core_scope_user())) AND (lead_id IN (SELECT crm_scope_leads()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (user_id = (SELECT core_scope_user())) AND (lead_id IN (SELECT crm_scope_leads()))));

ALTER TABLE crm_task ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_task FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_task AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Who sees the lead.
CREATE POLICY task_added ON crm_task AS RESTRICTIVE FOR INSERT
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- Who sees the lead.
CREATE POLICY task_changed ON crm_task AS RESTRICTIVE FOR UPDATE
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))))
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- Admins only.
CREATE POLICY task_deleted ON crm_task AS RESTRICTIVE FOR DELETE
    USING ((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text]));
-- Who sees the lead.
CREATE POLICY task_seen ON crm_task AS RESTRICTIVE FOR SELECT
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));

ALTER TABLE crm_timelineentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_timelineentry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm_timelineentry AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
-- Who sees the lead.
CREATE POLICY entry_added ON crm_timelineentry AS RESTRICTIVE FOR INSERT
    WITH CHECK (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));
-- What happened is never changed; only a person who is erased is taken out of the words.
CREATE POLICY entry_changed ON crm_timelineentry AS RESTRICTIVE FOR UPDATE
    USING (( SELECT current_setting('app.erasing'::text, true) AS current_setting) = 'on'::text)
    WITH CHECK ((text = ''::text) AND (facts = '{}'::jsonb));
-- What happened is never changed.
CREATE POLICY entry_deleted ON crm_timelineentry AS RESTRICTIVE FOR DELETE
    USING (false);
-- Who sees the lead.
CREATE POLICY entry_seen ON crm_timelineentry AS RESTRICTIVE FOR SELECT
    USING (((SELECT core_scope_role()) = ANY (ARRAY['admin'::text, 'system'::text])) OR (((SELECT core_scope_role()) = 'counselor'::text) AND (lead_id IN (SELECT crm_scope_leads()))));

ALTER TABLE subscriptions_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_case FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_case AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_casenote ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_casenote FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_casenote AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_charge ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_charge FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_charge AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_club ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_club FORCE ROW LEVEL SECURITY;
CREATE POLICY sql_role ON subscriptions_club AS PERMISSIVE FOR ALL TO taproom_owner
    USING (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session))
    WITH CHECK (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session));
CREATE POLICY tenant_isolation ON subscriptions_club AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
CREATE POLICY sql_role_alone ON subscriptions_club AS RESTRICTIVE FOR ALL TO taproom_owner
    USING ((( SELECT clubs.tenant_of_session() AS tenant_of_session) IS NULL) OR (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session)));

ALTER TABLE subscriptions_clubrun ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_clubrun FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_clubrun AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_clubrunitem ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_clubrunitem FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_clubrunitem AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_clubstatus ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_clubstatus FORCE ROW LEVEL SECURITY;
CREATE POLICY sql_role ON subscriptions_clubstatus AS PERMISSIVE FOR ALL TO taproom_owner
    USING (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session))
    WITH CHECK (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session));
CREATE POLICY tenant_isolation ON subscriptions_clubstatus AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
CREATE POLICY sql_role_alone ON subscriptions_clubstatus AS RESTRICTIVE FOR ALL TO taproom_owner
    USING ((( SELECT clubs.tenant_of_session() AS tenant_of_session) IS NULL) OR (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session)));

ALTER TABLE subscriptions_clubstatuschange ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_clubstatuschange FORCE ROW LEVEL SECURITY;
CREATE POLICY sql_role ON subscriptions_clubstatuschange AS PERMISSIVE FOR ALL TO taproom_owner
    USING (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session))
    WITH CHECK (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session));
CREATE POLICY tenant_isolation ON subscriptions_clubstatuschange AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
CREATE POLICY sql_role_alone ON subscriptions_clubstatuschange AS RESTRICTIVE FOR ALL TO taproom_owner
    USING ((( SELECT clubs.tenant_of_session() AS tenant_of_session) IS NULL) OR (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session)));

ALTER TABLE subscriptions_disputeact ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_disputeact FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_disputeact AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_formerstripeid ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_formerstripeid FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_formerstripeid AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_fraudwarning ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_fraudwarning FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_fraudwarning AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_house ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_house FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_house AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_houseentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_houseentry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_houseentry AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_lease ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_lease FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_lease AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_leaseimport ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_leaseimport FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_leaseimport AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_move ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_move FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_move AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_rentcollection ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_rentcollection FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_rentcollection AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_rentdispute ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_rentdispute FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_rentdispute AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_rentpayment ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_rentpayment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_rentpayment AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_rentposting ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_rentposting FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_rentposting AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_renttransfer ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_renttransfer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_renttransfer AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_resident ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_resident FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_resident AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_room ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_room FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_room AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_shopaccount ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_shopaccount FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_shopaccount AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_skip ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_skip FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_skip AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_stripelink ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_stripelink FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_stripelink AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE subscriptions_subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_subscription FORCE ROW LEVEL SECURITY;
CREATE POLICY sql_role ON subscriptions_subscription AS PERMISSIVE FOR ALL TO taproom_owner
    USING (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session))
    WITH CHECK (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session));
CREATE POLICY tenant_isolation ON subscriptions_subscription AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
CREATE POLICY sql_role_alone ON subscriptions_subscription AS RESTRICTIVE FOR ALL TO taproom_owner
    USING ((( SELECT clubs.tenant_of_session() AS tenant_of_session) IS NULL) OR (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session)));

ALTER TABLE subscriptions_subscriptionstatus ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_subscriptionstatus FORCE ROW LEVEL SECURITY;
CREATE POLICY sql_role ON subscriptions_subscriptionstatus AS PERMISSIVE FOR ALL TO taproom_owner
    USING (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session))
    WITH CHECK (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session));
CREATE POLICY tenant_isolation ON subscriptions_subscriptionstatus AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
CREATE POLICY sql_role_alone ON subscriptions_subscriptionstatus AS RESTRICTIVE FOR ALL TO taproom_owner
    USING ((( SELECT clubs.tenant_of_session() AS tenant_of_session) IS NULL) OR (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session)));

ALTER TABLE subscriptions_subscriptionstatuschange ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_subscriptionstatuschange FORCE ROW LEVEL SECURITY;
CREATE POLICY sql_role ON subscriptions_subscriptionstatuschange AS PERMISSIVE FOR ALL TO taproom_owner
    USING (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session))
    WITH CHECK (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session));
CREATE POLICY tenant_isolation ON subscriptions_subscriptionstatuschange AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
CREATE POLICY sql_role_alone ON subscriptions_subscriptionstatuschange AS RESTRICTIVE FOR ALL TO taproom_owner
    USING ((( SELECT clubs.tenant_of_session() AS tenant_of_session) IS NULL) OR (tenant_id = ( SELECT clubs.tenant_of_session() AS tenant_of_session)));

ALTER TABLE subscriptions_transferreversal ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions_transferreversal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON subscriptions_transferreversal AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_alert ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_alert FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_alert AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_alertfiring ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_alertfiring FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_alertfiring AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_assignment AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_auditreport ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_auditreport FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_auditreport AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_billingperiod ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_billingperiod FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_billingperiod AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_billingrun ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_billingrun FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_billingrun AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_billingsettings ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_billingsettings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_billingsettings AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_creditnote ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_creditnote FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_creditnote AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_creditnoteline ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_creditnoteline FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_creditnoteline AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_invoice ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_invoice FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_invoice AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_invoiceline ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_invoiceline FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_invoiceline AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_invoiceposting ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_invoiceposting FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_invoiceposting AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_invoicestanding ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_invoicestanding FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_invoicestanding AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_meter ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_meter FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_meter AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_notice FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_notice AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_numberseries ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_numberseries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_numberseries AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_oneoffitem ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_oneoffitem FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_oneoffitem AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_organization FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_organization AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_plan AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_planversion ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_planversion FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_planversion AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_price ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_price FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_price AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_pricetier ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_pricetier FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_pricetier AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_push ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_push FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_push AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_pushdesk ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_pushdesk FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_pushdesk AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_recurringfee ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_recurringfee FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_recurringfee AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_stripecall ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_stripecall FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_stripecall AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_taxrate ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_taxrate FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_taxrate AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_usagebucket ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_usagebucket FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_usagebucket AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_usageevent ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_usageevent FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_usageevent AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));

ALTER TABLE billing_walletentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_walletentry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON billing_walletentry AS PERMISSIVE FOR ALL
    USING (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
    WITH CHECK (tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"));
