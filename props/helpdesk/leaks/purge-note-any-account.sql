-- write: the admin's function deletes the note with the id, whosesoever it is
CREATE OR REPLACE FUNCTION purge_note(note bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM support_notes WHERE id = note
$$;
