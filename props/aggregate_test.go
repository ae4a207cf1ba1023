package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const aggregateSchema = `
CREATE ROLE aggregate_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, number text NOT NULL, total bigint NOT NULL);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON invoices USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT ON invoices TO aggregate_desk;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
`

const aggregateContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {invoices: {tenant: account_id}}
sessions:
  desk:
    login: aggregate_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none}
`

// TestAggregate has sessions call aggregates, whose functions no session may call by itself, and
// functions that an extension brought. What such functions read with their owner's rights tells of
// hidden rows; their twins read with the caller's, or ask for the tenant.
func TestAggregate(t *testing.T) {
	t.Parallel()
	const (
		own    = " AND account_id = nullif(current_setting('app.tenant_id', true), '')::bigint"
		secret = "SECURITY DEFINER SET search_path = public, pg_temp"
		lent   = ": function %s runs with the rights of its owner (SECURITY DEFINER) and lets it through"

		// A strict function, whose aggregate calls it for the second row.
		plain = `CREATE FUNCTION billed(bigint, text) RETURNS bigint LANGUAGE sql STABLE RIGHTS AS
	$$ SELECT $1 + coalesce(sum(total), 0)::bigint FROM invoices WHERE number = $2 OWN $$;
CREATE AGGREGATE billed_of(text) (SFUNC = billed, STYPE = bigint, INITCOND = '0');
GRANT EXECUTE ON FUNCTION billed_of(text) TO aggregate_desk;`
		strict = `CREATE FUNCTION following(text, text) RETURNS text LANGUAGE sql STABLE STRICT RIGHTS AS
	$$ SELECT min(number) FROM invoices WHERE number >= $2 OWN $$;
CREATE AGGREGATE next_of(text) (SFUNC = following, STYPE = text);
GRANT EXECUTE ON FUNCTION next_of(text) TO aggregate_desk;`
		star = `CREATE FUNCTION counted(bigint) RETURNS bigint LANGUAGE sql STABLE RIGHTS AS
	$$ SELECT count(*) FROM invoices WHERE true OWN $$;
CREATE AGGREGATE invoices_there(*) (SFUNC = counted, STYPE = bigint, INITCOND = '0');
GRANT EXECUTE ON FUNCTION invoices_there() TO aggregate_desk;`
		ordered = `CREATE FUNCTION collected(text[], text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || $2 $$;
CREATE FUNCTION found(text[], wanted bigint) RETURNS bigint LANGUAGE sql STABLE RIGHTS AS
	$$ SELECT count(*) FROM invoices WHERE id = wanted OWN $$;
CREATE AGGREGATE found_of(bigint ORDER BY text) (SFUNC = collected, STYPE = text[], FINALFUNC = found, INITCOND = '{}');
GRANT EXECUTE ON FUNCTION found_of(bigint, text) TO aggregate_desk;`
		extension = `CREATE FUNCTION known(wanted text) RETURNS boolean LANGUAGE sql STABLE RIGHTS AS
	$$ SELECT EXISTS (SELECT FROM invoices WHERE number = wanted OWN) $$;
GRANT EXECUTE ON FUNCTION known TO aggregate_desk;
ALTER EXTENSION plpgsql ADD FUNCTION known(text);`
	)
	for _, test := range []struct{ name, schema, path, function string }{
		{"a sum", plain, "aggregate billed_of", "billed"},
		{"a strict one", strict, "aggregate next_of", "following"},
		{"of no argument", star, "aggregate invoices_there", "counted"},
		{"an ordered set", ordered, "aggregate found_of", "found"},
		{"of an extension", extension, "function known", "known"},
	} {
		for _, twin := range []struct{ name, rights, own, want string }{
			{"owner's rights", secret, "", "interference by " + test.path + strings.Replace(lent, "%s", test.function, 1)},
			{"owner's rights for its tenant", secret, own, ""},
			{"caller's rights", "", "", ""},
		} {
			t.Run(test.name+" with "+twin.name, func(t *testing.T) {
				schema := strings.NewReplacer("RIGHTS", twin.rights, "OWN", twin.own).Replace(test.schema)
				cfg := written(t, aggregateSchema+schema, aggregateContract)
				cfg.SkipRandom = true
				reports(t, cfg, twin.want, func(b *props.Block) string {
					return b.Finding.Class.String() + " by " + b.Finding.Path + ": " + b.Cause
				})
			})
		}
	}
}
