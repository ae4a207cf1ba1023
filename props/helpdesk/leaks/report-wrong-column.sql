-- interference: the report filters by who asked, and not by the account
CREATE OR REPLACE FUNCTION status_report() RETURNS TABLE (status text, tickets bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.status, count(*)
    FROM tickets t
    WHERE t.deleted_at IS NULL AND (t.requester_id IS NULL OR t.requester_id IN (
        SELECT m.user_id FROM memberships m
        WHERE m.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint))
    GROUP BY t.status
$$;
