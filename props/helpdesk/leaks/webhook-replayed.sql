-- interference: an event that was received before is answered as it was then, whosever event it was
CREATE OR REPLACE FUNCTION receive_webhook(event text, ticket uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account bigint := current_account();
    answer text := (SELECT a.webhook_reply FROM accounts a WHERE a.id = account);
    before text;
BEGIN
    SELECT l.detail INTO before FROM audit_log l WHERE l.entity = 'webhook' AND l.entity_id = event ORDER BY l.id LIMIT 1;
    IF FOUND THEN
        RETURN before;
    END IF;
    UPDATE tickets t SET status = 'open' WHERE t.id = ticket AND t.account_id = account;
    INSERT INTO audit_log (account_id, entity, entity_id, action, detail) VALUES (account, 'webhook', event, 'received', answer);
    RETURN answer;
END $$;
