-- write: the insert check of support notes is always true
ALTER POLICY support_notes_insert ON support_notes WITH CHECK (true);
