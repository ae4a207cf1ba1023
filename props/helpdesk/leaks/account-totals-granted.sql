-- interference: admins may read the totals of every account without the function that looks after theirs
GRANT SELECT ON account_totals TO helpdesk_admin;
