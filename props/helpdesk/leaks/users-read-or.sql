-- open: the read policy of users says OR instead of AND
ALTER POLICY users_read ON users
    USING (deleted_at IS NULL OR EXISTS (
        SELECT 1 FROM memberships m
        WHERE m.user_id = users.id
          AND m.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint));
