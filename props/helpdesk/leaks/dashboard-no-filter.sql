-- interference: the dashboard adds up every account
CREATE OR REPLACE FUNCTION dashboard() RETURNS TABLE (account_id bigint, tickets bigint, invoiced_cents bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT nullif(current_setting('app.tenant_id', true), '')::bigint, sum(t.tickets)::bigint, sum(t.invoiced_cents)::bigint
    FROM account_totals t
$$;
