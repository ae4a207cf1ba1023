-- read: audit entries without an account are readable
ALTER POLICY audit_log_read ON audit_log
    USING (account_id IS NULL
        OR account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
