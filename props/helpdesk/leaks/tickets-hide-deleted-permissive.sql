-- open: the restrictive policy of tickets is made permissive
DROP POLICY tickets_hide_deleted ON tickets;
CREATE POLICY tickets_hide_deleted ON tickets AS PERMISSIVE FOR SELECT
    TO helpdesk_member, helpdesk_support
    USING (deleted_at IS NULL);
