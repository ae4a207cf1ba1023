-- interference: a new function for admins finds a ticket by its id, whosesoever it is
CREATE FUNCTION ticket_by_id(ticket uuid) RETURNS TABLE (status text, subject text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.status, t.subject FROM tickets t WHERE t.id = ticket
$$;
REVOKE EXECUTE ON FUNCTION ticket_by_id FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticket_by_id TO helpdesk_admin;
