-- interference: the search forgets the account
CREATE OR REPLACE FUNCTION search_customers(term text) RETURNS TABLE (id bigint, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF term IS NULL OR term = '' OR term ~ '[%_]' THEN
        RAISE EXCEPTION 'not a search term';
    END IF;
    RETURN QUERY
        SELECT u.id, u.name, u.email
        FROM users u
        WHERE u.email ILIKE '%' || term || '%' AND u.deleted_at IS NULL
        ORDER BY u.id;
END $$;
