-- open: accounts have no row security
ALTER TABLE accounts DISABLE ROW LEVEL SECURITY;
