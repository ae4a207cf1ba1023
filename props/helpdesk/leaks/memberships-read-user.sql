-- read: whoever is in two accounts reads the membership of the other one
ALTER POLICY memberships_read ON memberships
    USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint
        OR user_id = nullif(current_setting('app.user_id', true), '')::bigint);
