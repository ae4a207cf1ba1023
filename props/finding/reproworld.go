package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// twice writes the call that tells of hidden rows: on the rows as they are, again, and once
// more after the hidden ones became others. Each run is rolled back.
func (r *repro) twice(i int) {
	st := &r.f.Scenario.Steps[i]
	r.section(fmt.Sprintf("step %d: %s", i+1, oneLine(r.actor(st))))
	r.announce(i)
	r.once(i, "first")
	r.once(i, "again")
	r.section("rows that " + oneLine(r.sees(st)) + " may not see become others")
	r.begin()
	r.text("SET LOCAL session_replication_role = replica;")
	for _, e := range r.d.Worlds.Edits {
		r.edit(e)
	}
	r.commit(nil)
	r.refresh()
	r.section("the same call again")
	r.once(i, "second")
	r.compared()
}

// compared decides by the three runs: the first two, on the same rows, must be alike, and the
// third different. Uuids and times, which may be new in each run, are left out where the first
// two differ in them. Where an observer looks at what the call makes, each of the two worlds must
// have lines that the other lacks: more lines alone do not count.
func (r *repro) compared() {
	plain := func(name string) string { return ":'rlsfuzz_" + name + "'" }
	masked := func(name string) string {
		return "regexp_replace(" + plain(name) + ", '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,}([+-][0-9:]{2,5})?', '', 'g')"
	}
	if r.f.Scenario.Steps[r.d.Step].Observed() {
		lines := func(name string) string { return "SELECT unnest(string_to_array(" + masked(name) + ", E'\\n'))" }
		r.line("UPDATE rlsfuzz_repro.watch SET leaked = %s = %s", masked("first"), masked("again"))
		for _, pair := range [][2]string{{"first", "second"}, {"second", "first"}} {
			r.line("  AND EXISTS (%s EXCEPT ALL %s)", lines(pair[0]), lines(pair[1]))
		}
		r.text("  WHERE n = 1;")
		return
	}
	r.line("UPDATE rlsfuzz_repro.watch SET leaked = CASE WHEN %s = %s THEN %s <> %s", plain("first"), plain("again"), plain("first"), plain("second"))
	r.line("  ELSE %s = %s AND %s <> %s END WHERE n = 1;", masked("first"), masked("again"), masked("first"), masked("second"))
}

// once writes one run of the call and keeps what the session received.
func (r *repro) once(i int, name string) {
	st := &r.f.Scenario.Steps[i]
	if r.f.Scenario.Listens() {
		r.line("\\echo :rlsfuzz_came\n\\set rlsfuzz_%s :rlsfuzz_came", name)
		return
	}
	r.sequences()
	begin, end := "BEGIN;", "ROLLBACK;"
	if r.tap {
		begin, end = "SAVEPOINT rlsfuzz_once;", "ROLLBACK TO SAVEPOINT rlsfuzz_once;"
	}
	r.text(begin)
	r.binding(st, r.ids[i])
	r.capture(i)
	look := "coalesce(current_setting('rlsfuzz.received', true), '')"
	if made := r.made(i); made != "" {
		r.text("RESET SESSION AUTHORIZATION;")
		if st.Observed() {
			look = made
		} else {
			look += "\n  || " + made
		}
	}
	r.line("SELECT %s AS rlsfuzz_%s \\gset", look, name)
	r.text(end)
}

// sequences sets every sequence to the same number, beyond the keys of any row.
func (r *repro) sequences() {
	if len(r.c.Schema.Sequences) > 0 {
		r.text("SELECT count(setval(seqrelid::regclass, least(1000000, seqmax / 2))) AS rlsfuzz_sequences FROM pg_sequence \\gset")
	}
}

// made is SQL for the rows that the contract lets the session see after the call, or its
// observer where it has one, of the tables in which such rows differ between the worlds; empty
// where none do.
func (r *repro) made(i int) string {
	var parts []string
	id, observed := r.ids[i], r.f.Scenario.Steps[i].Observed()
	if observed {
		look := r.f.Scenario.Steps[i].Observer.Step()
		id, _ = r.c.BindStep(&look, r.state) // as bind has seen
	}
	for _, t := range r.c.Schema.Tables {
		differs := func(line string) bool { return strings.HasPrefix(line, "ROW "+t.Label()+" ") }
		sees := &id.Session.Sees[t.ID]
		if sees.Rule == nil || sees.Rule.Kind == model.RuleNone || !slices.ContainsFunc(r.d.Worlds.First, differs) && !slices.ContainsFunc(r.d.Worlds.Second, differs) {
			continue
		}
		shown := sees.Columns
		if observed {
			shown = t.Steady(shown)
		}
		var columns []string
		for k := range t.Columns {
			if shown == nil || shown[k] {
				columns = append(columns, model.Quote(t.Columns[k].Name))
			}
		}
		args := make([]model.Value, len(sees.Rule.Args))
		for k, v := range sees.Rule.Args {
			args[k] = id.Vars[v]
		}
		text := "SELECT ROW(" + strings.Join(columns, ", ") + ")::text AS x FROM " + t.SQL()
		if sees.Rule.Kind != model.RuleAll {
			text += " WHERE (" + sql.Bind(sees.Rule.SQL, args) + ")"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	return "(SELECT coalesce(string_agg(x, E'\\n' ORDER BY x), '') FROM (" + strings.Join(parts, " UNION ALL ") + ") made)"
}

// edit writes the statement that makes the change of the second world to one hidden row.
func (r *repro) edit(e judge.Edit) {
	where := func(row model.Row) string {
		o := *r
		o.teller = r.of(e.Table)
		return o.condition(row, e.Table.Key)
	}
	switch {
	case e.Old == nil:
		r.line("%s;", insert(e.Table, e.New))
	case e.New == nil:
		r.line("DELETE FROM %s t WHERE %s;", e.Table.SQL(), where(e.Old))
	default:
		var set []string
		for i := range e.New {
			if e.New[i] != e.Old[i] && !e.Table.Columns[i].Generated {
				set = append(set, model.Quote(e.Table.Columns[i].Name)+" = "+constantOf(e.Table.Columns[i].Type, e.New[i]))
			}
		}
		r.line("UPDATE %s t SET %s WHERE %s;", e.Table.SQL(), strings.Join(set, ", "), where(e.Old))
	}
}
