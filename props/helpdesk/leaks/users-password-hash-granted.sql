-- read: support may read the column password_hash
GRANT SELECT (password_hash) ON users TO helpdesk_support;
