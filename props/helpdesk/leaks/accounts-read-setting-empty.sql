-- open: accounts are readable on a used connection, where the setting is empty again
ALTER POLICY accounts_read ON accounts
    USING (current_setting('app.tenant_id', true) = ''
        OR id = nullif(current_setting('app.tenant_id', true), '')::bigint);
