package report_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

func TestMain(m *testing.M) { require.Main(m) }

// The least schema that leaks, with rows that are anybody's.
const (
	schema = `CREATE ROLE report_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE "notes, with a name that does not fit a line of eighty columns" (
  id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE "notes, with a name that does not fit a line of eighty columns" ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_read ON accounts FOR SELECT
  USING (id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY everybody
  ON "notes, with a name that does not fit a line of eighty columns" USING (true);
GRANT SELECT ON accounts, "notes, with a name that does not fit a line of eighty columns" TO report_app;
`
	contract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
sessions:
  a member of the long name:
    login: report_app
    settings: {app.tenant: $tenant}
    sees: {"*": own}
    writes: {"*": none}
`
)

// run is a run of that schema, made once.
var run = sync.OnceValues(func() (*ran, error) {
	dir, err := os.MkdirTemp("", "rlsfuzz-report-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, text := range map[string]string{"schema.sql": schema, "rlsfuzz.yaml": contract} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	cfg := props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Seed: 1, Workers: 1, SkipRandom: true, Out: ".rlsfuzz-never-written",
	}
	ctx := context.Background()
	t, err := props.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	searched := cfg
	searched.Out = ""
	r, err := props.Run(ctx, t, searched)
	if err != nil {
		return nil, err
	}
	return &ran{r, report.New(cfg, r, time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)), dir}, nil
})

type ran struct {
	report   *props.Report
	document *report.Document
	dir      string
}

func leaky(t *testing.T) *ran {
	t.Helper()
	require.Postgres(t) // or skip
	r, err := run()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.document.Findings) == 0 {
		t.Fatal("the schema leaks, and nothing was found")
	}
	return r
}

// hostile is what a row may hold: markup, commands of terminals and of CI systems, text
// that no XML can hold.
const hostile = "<script>document.title = 'pwned'</script><img src=x onerror=\"document.title='pwned'\">'\"&|`]]>%\r\n::error::pwned\x1b[31m\x00\xff{{.}}"

// full is a document in which every field has a value, and every text is hostile.
func full() *report.Document {
	d := &report.Document{}
	fill(reflect.ValueOf(d).Elem())
	entries := []*report.Entry{}
	for _, list := range [][]report.Entry{d.Findings, d.Accepted, d.Existence} {
		for i := range list {
			entries = append(entries, &list[i])
		}
	}
	for i, e := range entries {
		e.Key = "0123456789a" + string(rune('a'+i))
		e.Class, e.Scope, e.Command = "move", "cross-tenant", "update"
		e.Places[0].File = "a b/schema,1:%.sql"
	}
	d.Findings[0].Story.Became.Rows[0] = nil
	d.Findings[0].Story.Became.Rows[1][0] = nil
	d.Matrix[0].Command, d.Matrix[1].Command, d.At = "select", "call", "2026-11-25T12:00:00Z"
	d.Unconfirmed[0].Class, d.Unconfirmed[1].Class = "read", "open"
	return d
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.String:
		v.SetString(hostile)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1.5)
	default:
		panic("a field of kind " + v.Kind().String())
	}
}
