CREATE TABLE tenants (id uuid PRIMARY KEY, name text);
-- Generated columns that refer to something.
CREATE TABLE holders (tenant_id uuid NOT NULL REFERENCES tenants, kind text NOT NULL CHECK (kind IN ('person', 'machine')), no int NOT NULL, label text, PRIMARY KEY (tenant_id, kind, no));
CREATE TABLE persons (tenant_id uuid NOT NULL REFERENCES tenants, no int NOT NULL, kind text GENERATED ALWAYS AS ('person') STORED, name text, PRIMARY KEY (tenant_id, no),
  FOREIGN KEY (tenant_id, kind, no) REFERENCES holders);
CREATE TABLE coupons (code text PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants);
CREATE TABLE redeemed (id int PRIMARY KEY, typed text NOT NULL UNIQUE, code text GENERATED ALWAYS AS (lower(typed)) STORED REFERENCES coupons, note text);
CREATE TABLE mirrors (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, other int GENERATED ALWAYS AS (id + 0) STORED REFERENCES mirrors);
