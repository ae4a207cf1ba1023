-- interference: the search compares the account with the wrong column
CREATE OR REPLACE FUNCTION search_customers(term text) RETURNS TABLE (id bigint, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF term IS NULL OR term = '' OR term ~ '[%_]' THEN
        RAISE EXCEPTION 'not a search term';
    END IF;
    RETURN QUERY
        SELECT u.id, u.name, u.email
        FROM users u
        WHERE u.email ILIKE '%' || term || '%'
          AND u.deleted_at IS NULL
          AND EXISTS (
            SELECT 1 FROM memberships m
            WHERE m.user_id = u.id
              AND m.user_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
        ORDER BY u.id;
END $$;
