-- read: the read policy of invoices is always true
ALTER POLICY invoices_read ON invoices USING (true);
