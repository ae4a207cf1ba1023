-- Functions that look as if they leaked, and do not. Each is the admin's alone.

CREATE TABLE invitations (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts (id),
    email text NOT NULL,
    token text NOT NULL UNIQUE
);
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;

CREATE TABLE flags (name text PRIMARY KEY, enabled boolean NOT NULL);
INSERT INTO flags VALUES ('beta', true), ('dark', false);

CREATE SEQUENCE numbers;

-- Any of its tickets: which, nobody says.
CREATE FUNCTION any_ticket() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT subject FROM tickets LIMIT 1
$$;

CREATE FUNCTION report_time() RETURNS TABLE (at timestamptz, asked timestamptz, tickets bigint) LANGUAGE sql AS $$
    SELECT now(), clock_timestamp(), count(*) FROM tickets
$$;

CREATE FUNCTION new_reference() RETURNS TABLE (reference uuid, tickets bigint) LANGUAGE sql AS $$
    SELECT gen_random_uuid(), count(*) FROM tickets
$$;

-- Who presents the token is meant to see the invitation.
CREATE FUNCTION accept_invitation(token text) RETURNS TABLE (account_id bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.account_id, i.email FROM invitations i WHERE i.token = accept_invitation.token
$$;

CREATE FUNCTION my_accounts() RETURNS TABLE (account_id bigint, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.account_id, m.role FROM memberships m
    WHERE m.user_id = nullif(current_setting('app.user_id', true), '')::bigint ORDER BY 1
$$;

CREATE FUNCTION note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_log (account_id, entity, entity_id, action) VALUES (NEW.account_id, 'ticket', NEW.id, 'update');
    RETURN NEW;
END $$;
CREATE TRIGGER tickets_note_change AFTER UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION note_change();

CREATE FUNCTION bin_ticket(ticket uuid) RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (UPDATE tickets SET deleted_at = now() WHERE id = ticket AND deleted_at IS NULL RETURNING 1) SELECT count(*) FROM gone
$$;

CREATE FUNCTION check_subject(subject text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM tickets t WHERE t.subject = check_subject.subject) THEN
        RAISE EXCEPTION 'there is no ticket %', subject;
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION flag(name text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.enabled FROM flags f WHERE f.name = flag.name
$$;

CREATE FUNCTION next_number() RETURNS TABLE (number bigint, tickets bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT nextval('numbers'), count(*) FROM tickets WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint
$$;

CREATE FUNCTION sample_tickets() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT id::text FROM tickets ORDER BY random() LIMIT 1
$$;

CREATE FUNCTION plan_total() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT sum(price_cents) FROM plans
$$;

-- That a slug is taken, Postgres says itself.
CREATE FUNCTION claim_slug(slug text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE accounts SET slug = claim_slug.slug WHERE id = nullif(current_setting('app.tenant_id', true), '')::bigint
$$;

REVOKE EXECUTE ON FUNCTION any_ticket, report_time, new_reference, accept_invitation, my_accounts, bin_ticket, check_subject, flag,
    next_number, sample_tickets, plan_total, claim_slug FROM PUBLIC;
GRANT EXECUTE ON FUNCTION any_ticket, report_time, new_reference, accept_invitation, my_accounts, bin_ticket, check_subject, flag,
    next_number, sample_tickets, plan_total, claim_slug TO helpdesk_admin;
