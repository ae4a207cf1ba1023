-- move: a child table, invoice lines, has no row security
ALTER TABLE invoice_lines DISABLE ROW LEVEL SECURITY;
