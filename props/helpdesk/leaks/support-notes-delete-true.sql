-- write: the delete policy of support notes is always true: a DELETE without WHERE reaches hidden rows
ALTER POLICY support_notes_delete ON support_notes USING (true);
