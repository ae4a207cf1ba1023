-- open: closing a ticket sets the account for as long as the connection lives, not for the transaction
CREATE OR REPLACE FUNCTION close_ticket(ticket uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    closed bigint;
BEGIN
    PERFORM set_config('app.tenant_id', current_setting('app.tenant_id', true), false);
    UPDATE tickets SET status = 'closed'
    WHERE id = ticket
      AND account_id = nullif(current_setting('app.tenant_id', true), '')::bigint;
    GET DIAGNOSTICS closed = ROW_COUNT;
    RETURN closed;
END $$;
