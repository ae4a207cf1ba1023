-- move: a ticket that is dragged over the board may land in another account
CREATE OR REPLACE VIEW ticket_board WITH (security_barrier = true) AS
    SELECT id, account_id, status, subject
    FROM tickets
    WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint AND deleted_at IS NULL;
