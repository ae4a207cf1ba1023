-- interference: the export finds the requester's address by name, which people of other accounts share
CREATE OR REPLACE FUNCTION export_tickets() RETURNS TABLE (id uuid, status text, subject text, requester text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF nullif(current_setting('app.tenant_id', true), '') IS NULL THEN
        RAISE EXCEPTION 'no account is set';
    END IF;
    RETURN QUERY
        SELECT t.id, t.status, t.subject, u.name, d.email
        FROM tickets t LEFT JOIN users u ON u.id = t.requester_id LEFT JOIN users d ON d.name = u.name
        WHERE t.account_id = current_setting('app.tenant_id')::bigint AND t.deleted_at IS NULL
        ORDER BY t.id;
END $$;
