-- write: support may write a column of tickets that is the admin's, the body
GRANT UPDATE (body) ON tickets TO helpdesk_support;
