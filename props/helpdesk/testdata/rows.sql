-- Two accounts that are easy to confuse. Account 2's rows have odd ids, or ids ending in 2.
INSERT INTO accounts (id, name, slug, plan_id) VALUES (1, 'Acme', 'acme', 2), (2, 'Acme', 'acme-2', NULL);

INSERT INTO users (id, email, name, phone, password_hash, deleted_at) VALUES
    (10, 'ann@example.com', 'Ann', '555-0101', 'secret-10', NULL), -- in both accounts
    (11, 'adam@example.com', 'Adam', NULL, 'secret-11', NULL),
    (12, 'bill@example.com', 'Bill', NULL, 'secret-12', NULL),
    (13, 'sue@example.com', 'Sue', NULL, 'secret-13', NULL),
    (14, 'gone@example.com', 'Gone', NULL, 'secret-14', '2001-02-03'),
    (20, 'ann@example.org', 'Ann', '555-0101', 'secret-20', NULL),
    (24, 'gone@example.org', 'Gone', NULL, 'secret-24', '2001-02-03'),
    (30, 'nobody@example.net', 'Nobody', NULL, 'secret-30', NULL); -- in no account

INSERT INTO memberships (id, account_id, user_id, role) VALUES
    (110, 1, 10, 'member'), (111, 1, 11, 'admin'), (112, 1, 12, 'billing'), (113, 1, 13, 'support'), (114, 1, 14, 'member'),
    (210, 2, 10, 'member'), (220, 2, 20, 'admin'), (224, 2, 24, 'member');

INSERT INTO invoices (id, account_id, number, status, total_cents, issued_at) VALUES
    (2, 1, '2024-1', 'paid', 1000, '2001-02-03'),
    (4, 1, '2024-2', 'draft', 1000, NULL),
    (1, 2, '2024-1', 'paid', 1000, '2001-02-03'),
    (3, 2, '2024-2', 'refunded', 1000, NULL);

INSERT INTO invoice_lines (id, invoice_id, description, amount_cents) VALUES
    (102, 2, 'seats', 1000), (104, 4, 'seats', 1000), (101, 1, 'seats', 1000), (103, 3, 'seats', 1000);

INSERT INTO tickets (id, account_id, requester_id, status, subject, body, deleted_at) VALUES
    ('00000000-0000-0000-0000-000000000011', 1, 10, 'open', 'help', NULL, NULL),
    ('00000000-0000-0000-0000-000000000012', 1, NULL, 'closed', 'help', NULL, NULL),
    ('00000000-0000-0000-0000-000000000013', 1, 10, 'open', 'help', NULL, '2001-02-03'),
    ('00000000-0000-0000-0000-000000000021', 2, 10, 'open', 'help', NULL, NULL),
    ('00000000-0000-0000-0000-000000000023', 2, 20, 'open', 'help', NULL, '2001-02-03');

INSERT INTO support_notes (id, account_id, ticket_id, body) VALUES
    (100, 1, '00000000-0000-0000-0000-000000000011', 'note'),
    (200, 2, '00000000-0000-0000-0000-000000000021', 'note');

INSERT INTO audit_log (id, account_id, entity, entity_id, action) VALUES
    (100, 1, 'ticket', '00000000-0000-0000-0000-00000000ffff', 'delete'),
    (200, 2, 'ticket', '00000000-0000-0000-0000-00000000ffff', 'delete'),
    (300, NULL, 'system', NULL, 'upgrade');

INSERT INTO export_jobs (id, account_id, invoice_id) VALUES
    (1, 2, 3), (2, 1, 4),
    (4, 1, 1); -- an invoice that was moved to account 2 since

REFRESH MATERIALIZED VIEW account_totals;
