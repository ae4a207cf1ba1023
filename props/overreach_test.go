package props_test

import (
	"slices"
	"strings"
	"testing"
)

const overreachSchema = `CREATE ROLE over_desk LOGIN;
CREATE TABLE firms (id int PRIMARY KEY);
CREATE TABLE notes (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, title text NOT NULL);
CREATE FUNCTION firm() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON firms USING (id = firm());
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON notes USING (firm_id = firm());
GRANT SELECT ON firms, notes TO over_desk; GRANT UPDATE ON notes TO over_desk;
`

const overreachContract = `schema: schema.sql
tenant: {table: firms, key: id}
sessions:
  desk: {login: over_desk, settings: {app.firm: $tenant}, sees: own, writes: {"*": none, notes: {update: own}}}
`

// TestOverreach has an update of everything fail for the other tenant's row that a leak puts in its
// way: that is no lockout beside the leak, although no policy is to blame alone. Where the own row is
// refused, it is one.
func TestOverreach(t *testing.T) {
	t.Parallel()
	const leaks = `CREATE POLICY seen ON notes FOR SELECT USING (title = 'atlas');
CREATE POLICY changed ON notes FOR UPDATE USING (title = 'atlas') WITH CHECK (title = 'atlas');`
	for _, test := range []struct {
		name, change string
		want         string // the classes
		like         string
	}{
		{name: "what leaks is in its way", change: leaks + `CREATE POLICY others ON notes FOR UPDATE USING (true) WITH CHECK (title = 'atlas');`, want: "move read", like: "desk: update notes (lockout)"},
		{name: "the own row is refused", want: "lockout", change: `CREATE POLICY sized ON notes AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (length(title) < 4);`},
		{name: "both", want: "lockout move read", change: leaks + `CREATE POLICY sized ON notes AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (title = 'atlas');`},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, overreachSchema+test.change, overreachContract)
			cfg.SkipRandom = true
			r := ran(t, cfg)
			var classes, like []string
			for _, b := range r.Blocks {
				classes, like = append(classes, b.Finding.Class.String()), append(like, b.Like...)
			}
			slices.Sort(classes)
			if got := strings.Join(classes, " "); got != test.want {
				t.Errorf("found %s, want %s", got, test.want)
			}
			if test.like != "" && !slices.Contains(like, test.like) {
				t.Errorf("the update that fails is not told of the leak: %v", like)
			}
		})
	}
}
