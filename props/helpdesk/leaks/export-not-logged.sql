-- audit: the export leaves no entry in the log
CREATE OR REPLACE FUNCTION export_invoices() RETURNS TABLE (number text, status invoice_status, total_cents integer)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    account bigint := current_account();
    wanted bigint[];
BEGIN
    SELECT array_agg(j.invoice_id) INTO wanted FROM export_jobs j WHERE j.account_id = account AND j.status = 'queued';
    UPDATE export_jobs j SET status = 'done' WHERE j.account_id = account AND j.status = 'queued';
    RETURN QUERY SELECT i.number, i.status, i.total_cents FROM invoices i
        WHERE i.id = ANY (wanted) AND i.account_id = account ORDER BY i.id;
END $$;
