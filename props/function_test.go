package props_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const functionPaths = `paths:
  nightly:
    kind: export
    as: [worker]
    go: invoices
    args: [invoices.id]
`

// invoices is an export in Go, of the tenant's invoices up to one of them; where says which.
func invoices(where string) props.PathFunc {
	return func(ctx context.Context, call props.PathCall) (out props.PathOutput, err error) {
		if call.Tenant == "" {
			return out, errors.New("no firm")
		}
		conn, err := pgx.ConnectConfig(ctx, call.Config)
		if err != nil {
			return out, err
		}
		defer func() { _ = conn.Close(ctx) }()
		rows, err := conn.Query(ctx, "SELECT note FROM invoices WHERE id <= $1::text::int AND $2 <> '' AND "+where, call.Args[0], call.Tenant)
		if err != nil {
			return out, err
		}
		notes, err := pgx.CollectRows(rows, pgx.RowTo[string])
		out.Files = map[string][]byte{"invoices.csv": []byte("note\n" + strings.Join(notes, "\n") + "\n")}
		return out, err
	}
}

// TestFunctions calls a Go function as a path, right and wrong.
func TestFunctions(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name            string
		function        props.PathFunc
		class, untested string // empty: none
	}{
		{name: "right", function: invoices("firm_id = $2::int")},
		{name: "of all firms", function: invoices("true"), class: "interference"},
		{name: "panics", function: func(context.Context, props.PathCall) (props.PathOutput, error) { panic("no idea") }, untested: "it panicked: no idea"},
		{name: "hangs", function: func(ctx context.Context, _ props.PathCall) (props.PathOutput, error) {
			<-ctx.Done()
			return props.PathOutput{}, ctx.Err()
		}, untested: "it did not end within 300ms"},
		{name: "fails", function: func(context.Context, props.PathCall) (props.PathOutput, error) {
			return props.PathOutput{}, errors.New("never")
		}, untested: "every call failed: ERROR error: never"},
		{name: "not handed over", untested: "it is a Go function, which only a Go test runs"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cfg := worksConfig(t, functionPaths, "")
			if k.name == "hangs" {
				cfg.ProgramTime = 300 * time.Millisecond
			}
			if k.function != nil {
				cfg.Paths = map[string]props.PathFunc{"invoices": k.function}
			}
			r := ran(t, cfg)
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
			}
			switch {
			case k.class == "" && len(r.Blocks) > 0:
				t.Errorf("found: %v", r.Blocks)
			case k.class != "" && (len(r.Blocks) != 1 || r.Blocks[0].Finding.Class.String() != k.class):
				t.Errorf("want one finding of class %s: %v, untested %v", k.class, r.Blocks, r.Untested)
			}
			if k.untested != "" && !slices.ContainsFunc(r.Untested, func(u props.Untested) bool { return strings.Contains(u.Reason, k.untested) }) {
				t.Errorf("untested %v, want %q", r.Untested, k.untested)
			}
			if k.untested == "" && len(r.Untested) > 0 {
				t.Errorf("untested %v", r.Untested)
			}
		})
	}
}
