package props

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// How often each world is run before a difference counts.
const (
	repeats = 4
	certain = 16 // before it is reported
)

// interference looks for a variant that makes a difference. It returns nil when none
// does, and a reason when the call shows nothing either way.
func (l *lab) interference(ctx context.Context, s *model.Scenario, at int, under run.Variant) (*judge.Divergence, string, error) {
	o, err := l.observe(ctx, s, at)
	if err != nil || o == nil {
		return nil, "", err
	}
	o.under = under
	differ, first, second, err := o.differing(ctx)
	if err != nil || len(differ) == 0 {
		return nil, "", err
	}
	slices.SortStableFunc(differ, func(a, b gen.Variant) int { // what a key tells comes last
		return last(keyError(second[a])) - last(keyError(second[b]))
	})
	v, data, reason, err := o.hold(ctx, differ, repeats)
	if err != nil || reason != "" {
		return nil, reason, err
	}
	if data == nil {
		return nil, "", nil
	}
	if o.wrote {
		if early, err := o.early(ctx, data); err != nil || early {
			return nil, "", err // the table's leak, which is found without the call
		}
	}
	d := o.divergence(differ, v, first, second[v])
	if d.Cross, err = o.cross(ctx, v); err != nil {
		return nil, "", err
	}
	if d.Worlds.Kind == judge.Presence {
		if err := o.existence(ctx, d); err != nil {
			return nil, "", err
		}
	}
	if d.Class != judge.Existence && o.s.Steps[o.at].Op.Path.Keyed != nil {
		return nil, "", nil // it is there to show what keys tell; other differences show on the table itself
	}
	if d.Class != judge.Existence && (o.id.Session.Tenantless || o.id.Tenant.Null) {
		d.Class = judge.Open
	}
	return d, "", nil
}

// tells reports whether some variant makes a difference that holds.
func (l *lab) tells(ctx context.Context, s *model.Scenario, at int, under run.Variant) (bool, error) {
	o, err := l.observe(ctx, s, at)
	if err != nil || o == nil {
		return false, err
	}
	o.under = under
	differ, _, _, err := o.differing(ctx)
	if err != nil || len(differ) == 0 {
		return false, err
	}
	_, data, reason, err := o.hold(ctx, differ, repeats)
	return data != nil && reason == "", err
}

// divergence is a difference between the lines of two worlds.
func (o *observer) divergence(differ []gen.Variant, v gen.Variant, first, second []string) *judge.Divergence {
	step := &o.s.Steps[o.at]
	d := &judge.Divergence{
		Class: judge.Interference, Cell: judge.PathCell(step.Session.ID, step.Op.Path), Step: o.at, Column: -1,
		Rule: "its output may depend only on what the session may see",
		Worlds: &judge.Worlds{
			Kind: judge.KindOf(differ), Variant: v, Differ: differ,
			First: judge.Only(first, second), Second: judge.Only(second, first),
		},
		Did: did(first),
	}
	switch {
	case o.listens():
		d.Rule, d.Did = "what it hears may depend only on what the session may see", strings.TrimPrefix(strings.Join(d.Worlds.First, "; "), "NOTICE ")
	case o.observed():
		d.Rule = "what it makes for " + step.Observer.Session.Name + " to see may depend only on what that may see"
		d.Did = noun.Count(len(first), "row") + " that " + step.Observer.Session.Name + " may see"
	case o.s.Runs():
		d.Did = fmt.Sprintf("%d lines of output and rows", len(first))
	}
	return d
}

// did is what a call answered: its error, or how many rows its statements gave or changed.
func did(lines []string) string {
	n := 0
	for _, l := range lines {
		if strings.HasPrefix(l, "ERROR") {
			return l
		}
		if _, count, ok := strings.Cut(l, " count "); ok {
			if some, err := strconv.Atoi(count); err == nil {
				n += some
			}
		}
	}
	return noun.Count(n, "row")
}

// telling is the variants that real runs are tried in: each takes long.
var telling = []gen.Variant{gen.Remove, gen.Change, gen.Multiply, gen.Columns}

// differing runs every variant once and lists those whose output is another one, what
// is new in each run aside.
func (o *observer) differing(ctx context.Context) (differ []gen.Variant, first []string, second map[gen.Variant][]string, err error) {
	worlds := []run.World{{Data: o.s.Data}, {Data: o.s.Data}}
	var variants []gen.Variant
	list := gen.Variants
	switch {
	case o.listens(), o.tied:
		list = valued
	case o.s.Real():
		list = telling
	}
	for _, v := range list {
		data, ok, err := o.second(ctx, v, nil)
		if err != nil {
			return nil, nil, nil, err
		}
		if ok {
			worlds, variants = append(worlds, run.World{Data: data}), append(variants, v)
		}
	}
	if len(variants) == 0 {
		return nil, nil, nil, nil
	}
	lines, err := o.outputs(ctx, worlds)
	if err != nil {
		return nil, nil, nil, err
	}
	if !slices.Equal(lines[0], lines[1]) {
		known := judge.Known(o.s, o.Contract.Schema)
		for i := range lines {
			lines[i] = judge.Mask(lines[i], known)
		}
	}
	second = map[gen.Variant][]string{}
	for i, v := range variants {
		if lines[0] != nil && lines[i+2] != nil && o.differ(lines[0], lines[i+2]) {
			differ = append(differ, v)
			second[v] = lines[i+2]
		}
	}
	return differ, lines[0], second, nil
}

// hold finds the first variant whose difference holds, with the rows of its world: each world gives
// the same output each time it runs, and the first also in whatever order its rows lie and by
// whatever plan Postgres reads them. It gives a reason where the call does not repeat itself.
func (o *observer) hold(ctx context.Context, differ []gen.Variant, times int) (gen.Variant, [][]model.Row, string, error) {
	known := judge.Known(o.s, o.Contract.Schema)
	for _, v := range differ {
		data, ok, err := o.second(ctx, v, nil)
		if err != nil {
			return 0, nil, "", err
		}
		if !ok {
			continue
		}
		var worlds []run.World
		for range times {
			worlds = append(worlds, run.World{Data: o.s.Data}, run.World{Data: data})
		}
		lines, err := o.outputs(ctx, worlds)
		if err != nil {
			return 0, nil, "", err
		}
		if slices.ContainsFunc(lines, func(l []string) bool { return l == nil }) {
			continue // a world that could not be made
		}
		var first, second [][]string
		for i := 0; i < len(lines); i += 2 {
			first, second = append(first, lines[i]), append(second, lines[i+1])
		}
		compared := judge.Repeated(first, second, known)
		if compared == nil {
			return 0, nil, NotRepeatable, nil
		}
		if !o.differ(compared(first[0]), compared(second[0])) {
			continue
		}
		ordered, err := o.ordered(ctx, compared)
		if err != nil {
			return 0, nil, "", err
		}
		if ordered {
			return 0, nil, OrderDependent, nil
		}
		return v, data, "", nil
	}
	return 0, nil, "", nil
}

// Reasons why a path that gave different outputs is no finding.
const (
	NotRepeatable  = "not repeatable: the same call on the same rows gives another output each time"
	OrderDependent = "order-dependent: the output follows from the order in which Postgres reads the same rows"
)

// plans are ways of Postgres to read, each switched off in turn.
var plans = [][]string{
	nil,
	{"SET LOCAL enable_hashjoin = off", "SET LOCAL enable_hashagg = off"},
	{"SET LOCAL enable_nestloop = off"},
	{"SET LOCAL enable_indexscan = off", "SET LOCAL enable_bitmapscan = off", "SET LOCAL enable_indexonlyscan = off"},
	{"SET LOCAL enable_seqscan = off"},
}

// ordered reports whether the first world's output changes when its rows lie in the
// reverse order, or are read in other ways. compared is what of it counts. All run together: the time
// is the same in all of them.
func (o *observer) ordered(ctx context.Context, compared func([]string) []string) (bool, error) {
	worlds := []run.World{{Data: o.s.Data}}
	for i, settings := range plans {
		data := o.s.Data
		if i == 0 {
			data = reversed(data)
		}
		worlds = append(worlds, run.World{Data: data, Settings: settings})
	}
	lines, err := o.outputs(ctx, worlds)
	if err != nil {
		return false, err
	}
	for _, l := range lines[1:] {
		if l != nil && lines[0] != nil && o.differ(compared(l), compared(lines[0])) {
			return true, nil
		}
	}
	return false, nil
}

func reversed(data [][]model.Row) [][]model.Row {
	out := make([][]model.Row, len(data))
	for i, rows := range data {
		out[i] = slices.Clone(rows)
		slices.Reverse(out[i])
	}
	return out
}

// cross reports whether rows of other tenants alone make the difference.
func (o *observer) cross(ctx context.Context, v gen.Variant) (bool, error) {
	foreign := o.foreign()
	if len(foreign) == 0 {
		return false, nil
	}
	data, ok, err := o.second(ctx, v, foreign)
	if err != nil || !ok {
		return false, err
	}
	lines, err := o.outputs(ctx, []run.World{{Data: o.s.Data}, {Data: data}})
	if err != nil {
		return false, err
	}
	return lines[0] != nil && lines[1] != nil && o.differ(lines[0], lines[1]), nil
}

// keyTells is the rule of existence.
const keyTells = "Postgres tells that a key is taken, or that a row which is referred to is missing"

// existence drops the unique and foreign keys of a copy of the schema: a difference that
// goes away with them is what Postgres itself tells of a taken or a missing key.
func (o *observer) existence(ctx context.Context, d *judge.Divergence) error {
	differ, _, _, err := o.keyless().differing(ctx)
	if err != nil {
		return err
	}
	if len(differ) == 0 {
		d.Class = judge.Existence
		d.Rule = keyTells
	}
	return nil
}

// keyless observes on a copy of the schema without its unique and foreign keys.
func (o *observer) keyless() *observer {
	without := *o
	without.under.Before = append(slices.Clone(o.under.Before), dropKeys(o.Contract.Schema)...)
	return &without
}

// dropKeys drops what tells of a key: foreign keys first, then unique and primary keys.
func dropKeys(s *model.Schema) []string {
	var out []string
	for _, t := range s.Tables {
		for i := range t.ForeignKeys {
			out = append(out, dropReference(t, &t.ForeignKeys[i]))
		}
	}
	for _, t := range s.Tables {
		for i := range t.Unique {
			out = append(out, t.Unique[i].Drop(t)...)
		}
	}
	return out
}

// dropReference drops a foreign key.
func dropReference(t *model.Table, k *model.ForeignKey) string {
	return "ALTER TABLE " + t.SQL() + " DROP CONSTRAINT IF EXISTS " + model.Quote(k.Name) + " CASCADE"
}
