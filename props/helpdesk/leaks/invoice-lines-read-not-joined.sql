-- read: the read policy of invoice lines forgets to join the line to its invoice
ALTER POLICY invoice_lines_read ON invoice_lines
    USING (EXISTS (
        SELECT 1 FROM invoices i
        WHERE i.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint));
