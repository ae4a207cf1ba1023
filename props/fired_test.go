package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

const firedSchema = `
CREATE ROLE fired_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, number text NOT NULL, note text,
	UNIQUE (account_id, number));
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON invoices USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoices TO fired_desk;
CREATE FUNCTION taken(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
	$$ SELECT EXISTS (SELECT 1 FROM invoices WHERE number = wanted) $$;
REVOKE EXECUTE ON FUNCTION taken FROM PUBLIC;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	BODY
END $$;
CREATE TRIGGER fired BEFORE INSERT OR UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION fired();
`

const firedContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {invoices: {tenant: account_id}}
sessions:
  desk:
    login: fired_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none, invoices: {insert: own, update: own, delete: own}}
`

// TestFired has a trigger look at rows with more rights than who writes: what it makes of the new
// row, or says of it, tells of hidden ones. Its twins look at the row's own tenant.
func TestFired(t *testing.T) {
	t.Parallel()
	const put = "interference by insert into table invoices: trigger fired on invoices does it (function fired)"
	for _, test := range []struct{ name, body, want string }{
		{name: "a count of all", body: "NEW.note := (SELECT count(*) FROM invoices); RETURN NEW;", want: put},
		{name: "a count of its own", body: "NEW.note := (SELECT count(*) FROM invoices i WHERE i.account_id = NEW.account_id); RETURN NEW;"},
		{name: "a copy", body: "NEW.note := (SELECT i.note FROM invoices i WHERE i.number = NEW.number ORDER BY i.id LIMIT 1); RETURN NEW;", want: put},
		{name: "a refusal", body: "IF taken(NEW.number) THEN RAISE EXCEPTION 'there is one'; END IF; RETURN NEW;", want: put},
		{
			name: "a refusal for its own",
			body: "IF EXISTS (SELECT 1 FROM invoices i WHERE i.number = NEW.number AND i.account_id = NEW.account_id) THEN RAISE EXCEPTION 'there is one'; END IF; RETURN NEW;",
		},
		{name: "nothing of other rows", body: "NEW.note := btrim(NEW.note); RETURN NEW;"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, strings.Replace(firedSchema, "BODY", test.body, 1), firedContract)
			cfg.SkipRandom = true
			reports(t, cfg, test.want, func(b *props.Block) string {
				return b.Finding.Class.String() + " by " + b.Finding.Path + ": " + b.Cause
			})
		})
	}
}

// TestFiredBesideKey has an insert also name a row that the session may not see: a foreign key tells
// of that one, but it is not what the trigger's count follows from.
func TestFiredBesideKey(t *testing.T) {
	t.Parallel()
	schema := strings.NewReplacer(
		"CREATE TABLE invoices (id bigint PRIMARY KEY,", `CREATE TABLE sites (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, name text NOT NULL);
CREATE TABLE invoices (id bigint PRIMARY KEY, site_id bigint NOT NULL REFERENCES sites,`,
		"BODY", "NEW.note := (SELECT count(*) FROM invoices); RETURN NEW;",
	).Replace(firedSchema)
	contract := strings.NewReplacer("accounts: none", "accounts: none, sites: none", "tables: {", "tables: {sites: {tenant: account_id}, ").Replace(firedContract)
	cfg := written(t, schema, contract)
	cfg.SkipRandom, cfg.Only = true, []string{"desk", "insert into table invoices"}
	r := ran(t, cfg)
	if len(r.Blocks) != 1 {
		t.Fatalf("%d findings, want 1", len(r.Blocks))
	}
	f := r.Blocks[0].Finding
	if f.Class != judge.Interference || len(f.Divergence.Worlds.Hidden) == 0 {
		t.Errorf("%s, of %d hidden rows", f.Class, len(f.Divergence.Worlds.Hidden))
	}
	for _, h := range f.Divergence.Worlds.Hidden {
		if h.Table.Name != "invoices" {
			t.Errorf("the difference is said to come of a row of %s", h.Table.Name)
		}
	}
}
