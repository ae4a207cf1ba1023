-- write: whether the tickets of a batch are the account's is asked of the first one
CREATE OR REPLACE FUNCTION close_tickets(list uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE tickets SET status = 'closed'
    WHERE id = ANY (list) AND EXISTS (
        SELECT 1 FROM tickets f
        WHERE f.id = list[1] AND f.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
$$;
