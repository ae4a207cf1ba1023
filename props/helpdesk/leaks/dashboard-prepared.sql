-- residue: the dashboard prepares its statement once on each connection, with the account in it
CREATE OR REPLACE FUNCTION dashboard() RETURNS TABLE (account_id bigint, tickets bigint, invoiced_cents bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_prepared_statements p WHERE p.name = 'dashboard') THEN
        EXECUTE format('PREPARE dashboard AS SELECT t.account_id, t.tickets, t.invoiced_cents FROM account_totals t WHERE t.account_id = %L',
            nullif(current_setting('app.tenant_id', true), ''));
    END IF;
    RETURN QUERY EXECUTE 'EXECUTE dashboard';
END $$;
