-- residue: the report is kept under a name without the account, so that the next account gets the last one's
CREATE OR REPLACE FUNCTION ticket_report() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account bigint := nullif(current_setting('app.tenant_id', true), '')::bigint;
    wanted text := 'tickets';
    kept text;
BEGIN
    SELECT c.body INTO kept FROM report_cache c WHERE c.name = wanted;
    IF kept IS NULL THEN
        SELECT string_agg(t.subject, ', ' ORDER BY t.subject) INTO kept FROM tickets t WHERE t.account_id = account;
        INSERT INTO report_cache (name, account_id, body) SELECT wanted, account, kept WHERE kept IS NOT NULL
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN kept;
END $$;
