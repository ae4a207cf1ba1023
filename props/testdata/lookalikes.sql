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

-- A temporary table that is gone when the transaction ends.
CREATE FUNCTION scratch_tickets() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS scratch (subject text) ON COMMIT DROP;
    INSERT INTO scratch SELECT t.subject FROM tickets t;
    RETURN QUERY SELECT s.subject FROM scratch s;
END $$;

-- One that stays, but is dropped before it is used.
CREATE FUNCTION leftover_tickets() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS leftover;
    CREATE TEMP TABLE leftover AS SELECT t.subject FROM tickets t;
    RETURN QUERY SELECT l.subject FROM leftover l;
END $$;

-- A cache on the connection, by account.
CREATE FUNCTION kept_total() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    name text := 'app.total_' || current_setting('app.tenant_id');
    kept text := current_setting(name, true);
BEGIN
    IF kept IS NULL OR kept = '' THEN
        SELECT sum(i.total_cents)::text INTO kept FROM invoices i;
        PERFORM set_config(name, coalesce(kept, '0'), false);
    END IF;
    RETURN coalesce(kept, '0')::bigint;
END $$;

-- The last number of a sequence that all share: whoever drew it.
CREATE FUNCTION last_number() RETURNS TABLE (number bigint, tickets bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM nextval('numbers');
    RETURN QUERY SELECT currval('numbers'), count(*) FROM tickets WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint;
END $$;

-- It notes who called last on the connection, and says only whether that was the same account.
CREATE FUNCTION noted_account() RETURNS TABLE (again boolean, tickets bigint) LANGUAGE plpgsql AS $$
DECLARE
    last text := current_setting('app.noted', true);
BEGIN
    PERFORM set_config('app.noted', current_setting('app.tenant_id'), false);
    RETURN QUERY SELECT last = current_setting('app.tenant_id'), count(*) FROM tickets;
END $$;

REVOKE EXECUTE ON FUNCTION any_ticket, report_time, new_reference, accept_invitation, my_accounts, bin_ticket, check_subject, flag,
    next_number, sample_tickets, plan_total, claim_slug, scratch_tickets, leftover_tickets, kept_total, last_number, noted_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION any_ticket, report_time, new_reference, accept_invitation, my_accounts, bin_ticket, check_subject, flag,
    next_number, sample_tickets, plan_total, claim_slug, scratch_tickets, leftover_tickets, kept_total, last_number, noted_account TO helpdesk_admin;
