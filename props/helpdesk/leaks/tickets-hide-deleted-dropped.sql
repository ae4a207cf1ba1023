-- read: the restrictive policy of tickets is gone: deleted tickets are readable
DROP POLICY tickets_hide_deleted ON tickets;
