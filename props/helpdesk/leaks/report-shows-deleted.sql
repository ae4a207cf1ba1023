-- interference: the report counts tickets that are in the bin
CREATE OR REPLACE FUNCTION status_report() RETURNS TABLE (status text, tickets bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.status, count(*)
    FROM tickets t
    WHERE t.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint
    GROUP BY t.status
$$;
