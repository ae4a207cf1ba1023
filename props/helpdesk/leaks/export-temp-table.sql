-- residue: the export gathers its rows in a temporary table, which stays on the connection
CREATE OR REPLACE FUNCTION export_tickets() RETURNS TABLE (id uuid, status text, subject text, requester text, email text)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF nullif(current_setting('app.tenant_id', true), '') IS NULL THEN
        RAISE EXCEPTION 'no account is set';
    END IF;
    CREATE TEMP TABLE IF NOT EXISTS exported_tickets AS
        SELECT t.id, t.status, t.subject, u.name AS requester, u.email
        FROM tickets t LEFT JOIN users u ON u.id = t.requester_id;
    RETURN QUERY SELECT e.id, e.status, e.subject, e.requester, e.email FROM exported_tickets e ORDER BY e.id;
END $$;
