-- open: memberships are readable on a connection where no account was ever set
ALTER POLICY memberships_read ON memberships
    USING (current_setting('app.tenant_id', true) IS NULL
        OR account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
