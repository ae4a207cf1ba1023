-- move: the exporter's login bypasses row security
ALTER ROLE helpdesk_owner BYPASSRLS;
