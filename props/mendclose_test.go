package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestMendCloses finds what mends a leak where that changes, or closes, a way to the data that the
// contract does not name: what a condition on a view is asked follows from the plan, and what a
// session has by a privilege alone is nothing that it is allowed.
func TestMendCloses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, schema, contract, mend string }{
		{
			name: "a view that joins", mend: "ALTER VIEW visits SET (security_invoker = true)",
			schema: `
CREATE ROLE closes_view LOGIN;
CREATE TABLE clinics (id int PRIMARY KEY);
CREATE TABLE patients (id int PRIMARY KEY, clinic int NOT NULL REFERENCES clinics, name text NOT NULL, UNIQUE (clinic, id));
CREATE TABLE appointments (id int PRIMARY KEY, clinic int NOT NULL REFERENCES clinics, patient int NOT NULL, note text, FOREIGN KEY (clinic, patient) REFERENCES patients (clinic, id));
ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointments ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON patients USING (clinic = nullif(current_setting('app.clinic', true), '')::int);
CREATE POLICY own ON appointments USING (clinic = nullif(current_setting('app.clinic', true), '')::int);
CREATE VIEW visits AS SELECT a.id, a.clinic, a.note, p.name FROM appointments a JOIN patients p ON p.id = a.patient;
GRANT SELECT ON patients, appointments, visits TO closes_view;`,
			contract: `
schema: schema.sql
tenant: {table: clinics, key: id}
tables:
  patients: {tenant: clinic}
  appointments: {tenant: clinic}
sessions:
  desk: {login: closes_view, settings: {app.clinic: $tenant}, sees: {"*": own, clinics: none}, writes: none}
paths:
  visits: {kind: view, as: [desk], run: SELECT * FROM visits}
`,
		},
		{
			name: "a role in another, whose functions it may call", mend: "REVOKE closes_manager FROM closes_desk",
			schema: `
CREATE ROLE closes_manager LOGIN;
CREATE ROLE closes_desk LOGIN;
CREATE TABLE clinics (id int PRIMARY KEY);
CREATE TABLE patients (id int PRIMARY KEY, clinic int NOT NULL REFERENCES clinics, name text NOT NULL, closed boolean NOT NULL);
ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON patients USING (clinic = nullif(current_setting('app.clinic', true), '')::int);
CREATE FUNCTION close_patient(which int) RETURNS int LANGUAGE sql AS $$ UPDATE patients SET closed = true WHERE id = which RETURNING id $$;
REVOKE EXECUTE ON FUNCTION close_patient FROM PUBLIC;
GRANT EXECUTE ON FUNCTION close_patient TO closes_manager;
GRANT SELECT, UPDATE ON patients TO closes_manager;
GRANT SELECT (id, clinic, name) ON patients TO closes_desk;
GRANT closes_manager TO closes_desk;`,
			contract: `
schema: schema.sql
tenant: {table: clinics, key: id}
tables:
  patients: {tenant: clinic}
sessions:
  manager: {login: closes_manager, settings: {app.clinic: $tenant}, sees: {"*": own, clinics: none}, writes: {"*": none, patients: {update: {from: own, to: own}}}}
  desk: {login: closes_desk, settings: {app.clinic: $tenant}, sees: {"*": none, patients: {rows: own, columns: [id, clinic, name]}}, writes: none}
paths:
  close: {kind: function, as: [manager], run: SELECT close_patient($1), args: [patients.id], writes: {patients: {update: {from: own, to: own}}}}
`,
		},
		{
			name: "a trigger that numbers rows", mend: "ALTER FUNCTION patient_name(integer) SECURITY INVOKER",
			schema: `
CREATE ROLE closes_log LOGIN;
CREATE TABLE clinics (id int PRIMARY KEY);
CREATE TABLE patients (id int PRIMARY KEY, clinic int NOT NULL REFERENCES clinics, name text NOT NULL);
CREATE TABLE changes (id bigserial PRIMARY KEY, clinic int NOT NULL REFERENCES clinics, patient int NOT NULL, at timestamptz NOT NULL DEFAULT now());
ALTER TABLE patients ENABLE ROW LEVEL SECURITY; ALTER TABLE changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON patients USING (clinic = nullif(current_setting('app.clinic', true), '')::int);
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
  $$ BEGIN INSERT INTO changes (clinic, patient) VALUES (NEW.clinic, NEW.id); RETURN NEW; END $$;
CREATE TRIGGER log AFTER UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE FUNCTION patient_name(which int) RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT name FROM patients WHERE id = which $$;
REVOKE EXECUTE ON FUNCTION patient_name FROM PUBLIC; GRANT EXECUTE ON FUNCTION patient_name TO closes_log;
GRANT SELECT, UPDATE ON patients TO closes_log;`,
			contract: `
schema: schema.sql
tenant: {table: clinics, key: id}
tables:
  patients: {tenant: clinic}
  changes: {tenant: clinic}
sessions:
  desk: {login: closes_log, settings: {app.clinic: $tenant}, sees: {"*": own, clinics: none, changes: none}, writes: {"*": none, patients: {update: {from: own, to: own}}}}
`,
		},
		{
			// who cannot see another tenant's customer cannot tell that it is another's
			name: "a reference to what row security hides",
			mend: "ALTER POLICY own ON invoices WITH CHECK (invoices.shop = nullif(current_setting('app.shop', true), '')::integer AND " +
				"(invoices.customer IS NULL OR EXISTS (SELECT 1 FROM customers own1 WHERE own1.id = invoices.customer AND own1.shop = nullif(current_setting('app.shop', true), '')::integer)))",
			schema: `
CREATE ROLE closes_refers LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE customers (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops);
CREATE TABLE invoices (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, customer int REFERENCES customers);
ALTER TABLE customers ENABLE ROW LEVEL SECURITY; ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON customers USING (shop = nullif(current_setting('app.shop', true), '')::int);
CREATE POLICY own ON invoices USING (shop = nullif(current_setting('app.shop', true), '')::int);
GRANT SELECT ON customers TO closes_refers; GRANT SELECT, INSERT, UPDATE ON invoices TO closes_refers;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables:
  customers: {tenant: shop}
  invoices: {tenant: [shop, customer -> customers]}
sessions:
  clerk:
    login: closes_refers
    settings: {app.shop: $tenant}
    sees: {"*": own, shops: none}
    writes: {"*": none, invoices: {insert: own, update: {from: shop = $tenant, to: own}}}
`,
		},
		{
			name: "a partition", mend: "REVOKE ALL ON scans_old FROM closes_part",
			schema: `
CREATE ROLE closes_part LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE scans (id int, shop int NOT NULL REFERENCES shops, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE scans_old PARTITION OF scans FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE scans_new PARTITION OF scans FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
ALTER TABLE scans ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON scans USING (shop = nullif(current_setting('app.shop', true), '')::int);
GRANT SELECT ON scans, scans_old TO closes_part;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables:
  scans: {tenant: shop}
sessions:
  clerk: {login: closes_part, settings: {app.shop: $tenant}, sees: {"*": own, shops: none}, writes: none}
`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, test.schema, test.contract)
			cfg.SkipRandom = true
			reports(t, cfg, test.mend, func(b *props.Block) string { return b.Finding.Fixed() })
			sound := written(t, test.schema+test.mend, test.contract)
			sound.SkipRandom = true
			reports(t, sound, "", func(b *props.Block) string { return b.String() })
		})
	}
}
