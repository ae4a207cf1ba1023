-- open: the read policy of tickets is always true
ALTER POLICY tickets_read ON tickets USING (true);
