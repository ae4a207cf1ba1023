-- move: the update check of tickets is always true, so a ticket can move to another account
ALTER POLICY tickets_update_admin ON tickets WITH CHECK (true);
