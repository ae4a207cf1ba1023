-- write: the job takes the account of the first row that waits, whoever it was started for
CREATE OR REPLACE FUNCTION export_invoices() RETURNS TABLE (number text, status invoice_status, total_cents integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    caller bigint := current_account();
    account bigint := coalesce((SELECT j.account_id FROM export_jobs j WHERE j.status = 'queued' ORDER BY j.id LIMIT 1), caller);
    wanted bigint[];
BEGIN
    INSERT INTO audit_log (account_id, entity, action) VALUES (caller, 'invoices', 'invoice export');
    SELECT array_agg(j.invoice_id) INTO wanted FROM export_jobs j WHERE j.account_id = account AND j.status = 'queued';
    UPDATE export_jobs j SET status = 'done' WHERE j.account_id = account AND j.status = 'queued';
    RETURN QUERY SELECT i.number, i.status, i.total_cents FROM invoices i
        WHERE i.id = ANY (wanted) AND i.account_id = account ORDER BY i.id;
END $$;
