package fill_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestStubborn fills tables whose checks take none of the plain values.
func TestStubborn(t *testing.T) {
	for name, columns := range map[string]string{
		"times":    "starts timestamptz NOT NULL, ends timestamptz NOT NULL, CHECK (ends > starts AND ends - starts <= interval '8 hours')",
		"capitals": "iban text NOT NULL CHECK (char_length(iban) = 22 AND iban !~ '[^A-Z0-9]')",
		"list":     "country text NOT NULL CHECK (country = ANY (string_to_array('de,nl,fr', ',')))",
		"hash":     "body text NOT NULL, hash text NOT NULL, CHECK (hash = md5(body))",
		"label":    "a text NOT NULL, b varchar(9), label text NOT NULL, n int NOT NULL CHECK (n = length(a) AND label = a || '-' || coalesce(b, ''))",
		"sum":      "net int NOT NULL, tax int NOT NULL, gross int NOT NULL CHECK (net + tax = gross AND tax >= 0 AND gross > 3)",
		"document": `d jsonb NOT NULL CHECK (d ? 'n' AND d->>'n' ~ '^\d{1,4}$')`,
	} {
		t.Run(name, func(t *testing.T) {
			conn := load(t, require.Postgres(t), source{text: "CREATE TABLE tenants (id bigint PRIMARY KEY); CREATE TABLE a (id int PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants, " + columns + ")"})
			p := plan(t, conn, "tenants", "public")
			for table, why := range p.Empty {
				t.Errorf("%s is empty: %s", table.Label(), why)
			}
			if m := measureDatasets(t, conn, p); len(m.empty) > 0 {
				t.Errorf("without rows of two tenants: %q", m.empty)
			}
		})
	}
}
