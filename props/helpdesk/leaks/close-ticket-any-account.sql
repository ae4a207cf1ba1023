-- write: the admin's function trusts the id, whosesoever ticket it is
CREATE OR REPLACE FUNCTION close_ticket(ticket uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH closed AS (UPDATE tickets SET status = 'closed' WHERE id = ticket RETURNING 1)
    SELECT count(*) FROM closed
$$;
