-- move: row security of invoices is not forced, and the exporter logs in as the owner
ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
