-- read: a second read policy lets billing read everybody's paid invoices
CREATE POLICY invoices_read_paid ON invoices FOR SELECT
    TO helpdesk_billing
    USING (status = 'paid');
