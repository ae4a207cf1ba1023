ALTER POLICY notes_all ON notes USING (true);
