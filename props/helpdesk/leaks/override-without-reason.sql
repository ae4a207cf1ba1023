-- audit: the override is logged, and its reason is not
CREATE OR REPLACE FUNCTION override_invoice(invoice text, reason text) RETURNS TABLE (status invoice_status, total_cents integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account bigint := current_account();
BEGIN
    IF coalesce(reason, '') = '' THEN
        RAISE EXCEPTION 'an override needs a reason';
    END IF;
    INSERT INTO audit_log (account_id, entity, entity_id, action) VALUES (account, 'invoice', invoice, 'override');
    RETURN QUERY SELECT i.status, i.total_cents FROM invoices i WHERE i.number = invoice AND i.account_id = account;
END $$;
