-- open: the application's login has a default account
ALTER ROLE helpdesk_app SET app.tenant_id = '1';
