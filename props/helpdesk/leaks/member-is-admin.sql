-- write: the member group inherits the admin group
GRANT helpdesk_admin TO helpdesk_member;
