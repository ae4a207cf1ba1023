-- interference: the lookup asks whether the customer is of the invoice's account, and not of which account that is
CREATE OR REPLACE FUNCTION lookup_invoice(customer text, invoice text) RETURNS TABLE (status invoice_status, total_cents integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.status, i.total_cents
    FROM invoices i
    WHERE i.number = invoice
      AND EXISTS (
        SELECT 1 FROM users u JOIN memberships m ON m.user_id = u.id
        WHERE u.email = customer AND u.deleted_at IS NULL AND m.account_id = i.account_id)
$$;
