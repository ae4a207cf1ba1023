-- write: the support group bypasses row security
ALTER ROLE helpdesk_support BYPASSRLS;
