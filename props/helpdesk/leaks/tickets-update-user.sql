-- write: the member's update policy compares the user and not the account
ALTER POLICY tickets_update_member ON tickets
    USING (requester_id = nullif(current_setting('app.user_id', true), '')::bigint
       AND deleted_at IS NULL)
    WITH CHECK (requester_id = nullif(current_setting('app.user_id', true), '')::bigint);
