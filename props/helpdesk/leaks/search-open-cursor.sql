-- residue: the search leaves its cursor open, and answers from it whoever asks next
CREATE OR REPLACE FUNCTION search_customers(term text) RETURNS TABLE (id bigint, name text, email text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    page refcursor := 'customers';
BEGIN
    IF term IS NULL OR term = '' OR term ~ '[%_]' THEN
        RAISE EXCEPTION 'not a search term';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_cursors c WHERE c.name = 'customers') THEN
        EXECUTE format($query$
            DECLARE customers SCROLL CURSOR WITH HOLD FOR
            SELECT u.id, u.name, u.email
            FROM users u
            WHERE u.deleted_at IS NULL
              AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.account_id = %L)
            ORDER BY u.id DESC$query$, nullif(current_setting('app.tenant_id', true), ''));
    END IF;
    FETCH FIRST FROM page INTO id, name, email;
    IF FOUND THEN
        RETURN NEXT;
    END IF;
END $$;
