-- read: the read policy of invoices compares with <= instead of =
ALTER POLICY invoices_read ON invoices
    USING (account_id <= nullif(current_setting('app.tenant_id', true), '')::bigint);
