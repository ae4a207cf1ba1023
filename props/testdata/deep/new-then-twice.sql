-- A ticket that was inserted, then changed twice, is everybody's.
ALTER TABLE tickets ADD COLUMN trail int4multirange
    CHECK (trail IS NULL OR current_setting('session_replication_role') = 'origin'); -- no data begins with it, only steps lead to it
CREATE FUNCTION trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.trail := '{[0,1)}';
    ELSIF OLD.trail IS NOT NULL THEN
        NEW.trail := int4multirange(int4range(0, upper(OLD.trail) + 1));
    ELSE
        NEW.trail := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trail BEFORE INSERT OR UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION trail();
CREATE POLICY tickets_trail ON tickets FOR SELECT USING (upper(trail) >= 3);
