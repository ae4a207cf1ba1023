-- read: soft-deleted users are readable
ALTER POLICY users_read ON users
    USING (EXISTS (
        SELECT 1 FROM memberships m
        WHERE m.user_id = users.id
          AND m.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint));
