package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestSteady has functions answer with what looks as if it were new each time, and is not: a hash or
// a share over rows of all tenants. Their twins are of the tenant's rows alone, or new indeed.
func TestSteady(t *testing.T) {
	t.Parallel()
	const own = " WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint"
	for _, test := range []struct{ name, answer, own, want string }{
		{name: "a hash", answer: "md5(coalesce(string_agg(number, ',' ORDER BY id), ''))", want: "interference by function etag"},
		{name: "a hash of its own", answer: "md5(coalesce(string_agg(number, ',' ORDER BY id), ''))", own: own},
		{name: "a sum beside the time", answer: "now() || ' ' || coalesce(sum(total), 0)", want: "interference by function etag"},
		{name: "a share", answer: "(coalesce(sum(total), 0)::float8 / 1000000007)::text", want: "interference by function etag"},
		{name: "a share of its own", answer: "(coalesce(sum(total), 0)::float8 / 1000000007)::text", own: own},
		{name: "by chance", answer: "md5(random()::text || count(*))"},
		{name: "by the clock", answer: "md5(clock_timestamp()::text || count(*))"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, aggregateSchema+strings.NewReplacer("ANSWER", test.answer, "OWN", test.own).Replace(`
CREATE FUNCTION etag() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT ANSWER FROM invoices OWN $$;
GRANT EXECUTE ON FUNCTION etag TO aggregate_desk;`), aggregateContract)
			cfg.SkipRandom = true
			reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() + " by " + b.Finding.Path })
		})
	}
}
