-- residue: the lookup keeps its last answer in a setting of the connection, without the account
CREATE OR REPLACE FUNCTION lookup_invoice(customer text, invoice text) RETURNS TABLE (status invoice_status, total_cents integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked text := md5(customer || ' ' || invoice);
    answer text := current_setting('app.last_lookup', true);
BEGIN
    IF answer IS NULL OR answer = '' OR split_part(answer, ' ', 1) <> asked THEN
        SELECT i.status, i.total_cents INTO status, total_cents
        FROM invoices i
        WHERE i.number = invoice
          AND i.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint
          AND EXISTS (
            SELECT 1 FROM users u JOIN memberships m ON m.user_id = u.id
            WHERE u.email = customer AND u.deleted_at IS NULL AND m.account_id = i.account_id);
        answer := concat_ws(' ', asked, status, total_cents);
        PERFORM set_config('app.last_lookup', answer, false);
    END IF;
    IF split_part(answer, ' ', 2) <> '' THEN
        RETURN QUERY SELECT split_part(answer, ' ', 2)::invoice_status, split_part(answer, ' ', 3)::integer;
    END IF;
END $$;
