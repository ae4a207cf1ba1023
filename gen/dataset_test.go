package gen_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// stream is a stream of bits that repeats with its seed.
type stream struct{ state uint64 }

func (s *stream) Next() uint64 {
	s.state = s.state*6364136223846793005 + 1442695040888963407
	return s.state >> 24
}

// zeros is the stream of the simplest choices.
type zeros struct{}

func (zeros) Next() uint64 { return 0 }

// seeds is how many datasets each property is looked at on.
const seeds = 200

func datasets(t *testing.T, look func(t *testing.T, p *gen.Plan, seed uint64, d *gen.Dataset)) {
	t.Helper()
	p := gen.NewPlan(shop(), nil)
	for seed := range uint64(seeds) {
		look(t, p, seed, p.Dataset(&stream{seed}, gen.Options{}))
	}
}

func TestDatasetRowsSatisfyTheConstraints(t *testing.T) {
	datasets(t, func(t *testing.T, p *gen.Plan, seed uint64, d *gen.Dataset) {
		for _, table := range p.Contract.Schema.Tables {
			for _, row := range d.Data[table.ID] {
				if why := broken(d, table, row); why != "" {
					t.Errorf("seed %d: %s: %v: %s", seed, table.Name, row, why)
				}
			}
		}
	})
}

// broken says which constraint a row breaks.
func broken(d *gen.Dataset, t *model.Table, row model.Row) string {
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case c.NotNull && row[i].Null:
			return c.Name + " is NULL"
		case c.Type.Enum != nil && !slices.Contains(c.Type.Enum, row[i].Text):
			return c.Name + " is no label"
		}
	}
	for _, check := range t.Checks {
		if v := row[check.Columns[0]]; !v.Null && !slices.Contains(check.Values, v.Text) {
			return "check " + check.Name
		}
	}
	for _, columns := range append([][]int{t.Key}, uniques(t)...) {
		same := 0
		for _, o := range d.State.Rows(t.ID) {
			if model.SameKey(columns, o, row) {
				same++
			}
		}
		if same != 1 {
			return "a unique key occurs more than once"
		}
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if !slices.ContainsFunc(d.State.Rows(k.Target.ID), func(o model.Row) bool { return o[k.Targets[0]] == row[k.Columns[0]] }) {
			return "it refers to nothing"
		}
	}
	return ""
}

func uniques(t *model.Table) [][]int {
	var out [][]int
	for i := range t.Unique {
		out = append(out, t.Unique[i].Columns)
	}
	return out
}

func TestDatasetHasRowsOfBothTenantsInEachTable(t *testing.T) {
	datasets(t, func(t *testing.T, p *gen.Plan, seed uint64, d *gen.Dataset) {
		for _, table := range p.Contract.Schema.Tables {
			if table.ID == plans {
				continue
			}
			tenants := map[string]bool{}
			for _, row := range d.Data[table.ID] {
				p.Contract.Tenants(d.State, table, row, func(v model.Value) bool {
					tenants[v.Text] = true
					return true
				})
			}
			if len(tenants) != 2 {
				t.Errorf("seed %d: %s has rows of the tenants %v", seed, table.Name, tenants)
			}
		}
	})
}

// TestDatasetTenantsCollide counts the datasets in which two tenants share a value of a
// column that is free to differ.
func TestDatasetTenantsCollide(t *testing.T) {
	shared := map[string]int{}
	datasets(t, func(_ *testing.T, p *gen.Plan, _ uint64, d *gen.Dataset) {
		for _, at := range [][2]int{{accounts, 1}, {people, 3}, {invoices, 2}, {invoices, 3}, {lines, 2}} {
			table := p.Contract.Schema.Tables[at[0]]
			of := map[string]string{}
			hit := false
			for _, row := range d.Data[table.ID] {
				p.Contract.Tenants(d.State, table, row, func(v model.Value) bool {
					other, seen := of[row[at[1]].Text]
					hit = hit || seen && other != v.Text
					of[row[at[1]].Text] = v.Text
					return true
				})
			}
			if hit {
				shared[table.Name+"."+table.Columns[at[1]].Name]++
			}
		}
	})
	for _, name := range []string{"accounts.name", "people.role", "invoices.number", "invoices.status", "lines.description"} {
		if shared[name] < seeds/5 {
			t.Errorf("tenants share a value of %s in %d of %d datasets, want a fifth", name, shared[name], seeds)
		}
	}
}

func TestDatasetsHaveDeletedAndMissingValues(t *testing.T) {
	given, missing := 0, 0
	datasets(t, func(_ *testing.T, _ *gen.Plan, _ uint64, d *gen.Dataset) {
		for _, row := range d.Data[people] {
			if row[4].Null {
				missing++
			} else {
				given++
			}
		}
	})
	if given < seeds/10 || missing < seeds/10 {
		t.Errorf("deleted_at is NULL %d times and given %d times", missing, given)
	}
}

func TestDatasetRepeatsWithItsBits(t *testing.T) {
	p, again := gen.NewPlan(shop(), nil), gen.NewPlan(shop(), nil)
	for seed := range uint64(20) {
		a, b := p.Dataset(&stream{seed}, gen.Options{}), again.Dataset(&stream{seed}, gen.Options{})
		if diff := cmp.Diff(a.Data, b.Data); diff != "" {
			t.Fatalf("seed %d: the same bits, another dataset (-first +second):\n%s", seed, diff)
		}
		first, second := p.Sequence(&stream{seed}, 10, a, gen.CallsAtFirst), again.Sequence(&stream{seed}, 10, b, gen.CallsAtFirst)
		for i := range first {
			if x, y := first[i].Op, second[i].Op; x.Shape.Text != y.Shape.Text || !slices.Equal(x.Args, y.Args) {
				t.Fatalf("seed %d: step %d: %s %v, then %s %v", seed, i, x.Shape.Text, x.Args, y.Shape.Text, y.Args)
			}
		}
	}
}

func TestDatasetOfZerosIsTheSimplest(t *testing.T) {
	p := gen.NewPlan(shop(), nil)
	simplest := p.Dataset(zeros{}, gen.Options{})
	for _, table := range []int{people, invoices, lines} {
		for _, row := range simplest.Data[table] {
			if why := broken(simplest, p.Contract.Schema.Tables[table], row); why != "" {
				t.Errorf("%v: %s", row, why)
			}
		}
	}
	if got, want := len(simplest.Data[accounts]), 2; got != want {
		t.Errorf("%d accounts, want %d", got, want)
	}
	size := func(d *gen.Dataset) (n int) {
		for _, rows := range d.Data {
			n += len(rows)
		}
		return n
	}
	for seed := range uint64(seeds) {
		if d := p.Dataset(&stream{seed + 1}, gen.Options{}); size(d) < size(simplest) {
			t.Errorf("seed %d: %d rows, fewer than the %d of the simplest dataset", seed+1, size(d), size(simplest))
		}
	}
	steps := p.Sequence(zeros{}, 1, simplest, gen.CallsAtFirst)
	if op := steps[0].Op; op.Shape.Command != model.Select || len(op.Args) != 0 {
		t.Errorf("the simplest statement is %s", op.Shape.Text)
	}
}

// TestSequencesWriteWithoutAConditionAndMoveRows counts statements that leaks need.
func TestSequencesWriteWithoutAConditionAndMoveRows(t *testing.T) {
	bare := map[model.Command]int{}
	moves, steps := 0, 0
	datasets(t, func(_ *testing.T, p *gen.Plan, seed uint64, d *gen.Dataset) {
		for _, step := range p.Sequence(&stream{seed}, 10, d, gen.CallsAtFirst) {
			s := step.Op.Shape
			steps++
			if s.Where.Match == model.Every && len(s.Returning) == 0 {
				bare[s.Command]++
			}
			if s.Command == model.Update && s.Table.ID == invoices && s.Columns[0] == 1 && step.Op.Args[0] != step.Tenant {
				moves++
			}
		}
	})
	for _, command := range []model.Command{model.Update, model.Delete} {
		if bare[command] < steps/50 {
			t.Errorf("%d of %d statements are a bare %s, want 2%%", bare[command], steps, command)
		}
	}
	if moves < steps/200 {
		t.Errorf("%d of %d statements set an invoice's account to another one, want 0.5%%", moves, steps)
	}
}

// TestNewcomers: in some datasets one tenant has no rows in a table.
func TestNewcomers(t *testing.T) {
	p := gen.NewPlan(shop(), nil)
	missing := 0
	for seed := range uint64(seeds) {
		d := p.Dataset(&stream{seed}, gen.Options{Newcomers: true})
		tenants := map[string]bool{}
		for _, row := range d.Data[invoices] {
			p.Contract.Tenants(d.State, p.Contract.Schema.Tables[invoices], row, func(v model.Value) bool {
				tenants[v.Text] = true
				return true
			})
		}
		if len(tenants) < 2 {
			missing++
		}
	}
	if share := 100 * missing / seeds; share < 3 || share > 20 {
		t.Errorf("in %d%% of the datasets a tenant has no invoices, want some", share)
	}
}
