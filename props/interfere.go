package props

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// observer is a call whose output is compared between worlds.
type observer struct {
	*lab
	s      *model.Scenario
	at     int               // the step that calls the path
	id     *model.Identity   // who looks
	ids    []*model.Identity // who acts, by step, up to it
	worlds *gen.Worlds
	under  run.Variant // an experiment
	before []string    // what its session may see before the call, in the first world; nil before it ran
}

// observe prepares the comparison. nil means that its rules could not be evaluated, or
// that the scenario cannot begin.
func (l *lab) observe(ctx context.Context, s *model.Scenario, at int) (*observer, error) {
	st := s.Initial(l.Contract.Schema)
	o := &observer{lab: l, s: s, at: at}
	for i := range s.Steps[:at+1] {
		id, ok := l.Contract.BindStep(&s.Steps[i], st)
		if !ok {
			return nil, nil
		}
		o.ids = append(o.ids, id)
	}
	o.id = o.ids[at]
	others := o.ids[:at]
	if step := &s.Steps[at]; step.Observed() {
		look, ok := step.Observer.Step(), false
		if o.id, ok = l.Contract.BindStep(&look, st); !ok {
			return nil, nil
		}
		others = o.ids
	}
	ask, err := l.asked(ctx, s.Data, o.id)
	if err != nil {
		return nil, err
	}
	var known bool
	if o.worlds, known = l.Plan.Worlds(o.id, s.Data, ask); !known {
		return nil, nil
	}
	for _, id := range others { // who acts before must be able to
		switch {
		case pooled(s, at):
			o.worlds.Spare(id)
		case id.Tenant != o.id.Tenant || id.User != o.id.User:
			o.worlds.Keep(id)
		}
	}
	return o, nil
}

// asked is the answers of Postgres to the rules that Go cannot evaluate; nil when Go can
// evaluate all.
func (l *lab) asked(ctx context.Context, data [][]model.Row, id *model.Identity) (func(*model.Rule, model.Row) (bool, bool), error) {
	return l.fast.Answers(ctx, data, id)
}

// observed reports whether somebody else looks than who calls.
func (o *observer) observed() bool { return o.s.Steps[o.at].Observed() }

// second makes a world that differs, and checks it. Where somebody of a tenant looks at what
// another session makes, only rows of other tenants differ: that one reads what belongs to no
// tenant is what it is for.
func (o *observer) second(ctx context.Context, v gen.Variant, only []gen.Place) ([][]model.Row, bool, error) {
	if only == nil && o.observed() {
		if only = o.foreign(); len(only) == 0 {
			return nil, false, nil
		}
	}
	data, ok := o.worlds.Make(v, only)
	if !ok {
		return nil, false, nil
	}
	ask, err := o.asked(ctx, data, o.id)
	if err != nil {
		return nil, false, err
	}
	return data, ask == nil || o.worlds.Valid(data, ask), nil
}

// outputs runs the scenario in several worlds and gives the lines of each. nil is a world
// that could not be made.
func (o *observer) outputs(ctx context.Context, worlds []run.World) ([][]string, error) {
	if o.s.Real() {
		return o.really(ctx, worlds)
	}
	calls := []run.Calls{{ID: o.ids, Steps: o.s.Steps[:o.at+1]}}
	runs, err := o.fast.Worlds(ctx, worlds, calls, true, o.under)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(worlds))
	for i := range runs {
		r := &runs[i][0]
		if r.Invalid != "" || r.Steps[o.at].Output == nil {
			continue
		}
		out[i] = o.trace(r.Steps[o.at].Output, r.Before, r.After)
	}
	return out, nil
}

// trace is the lines of a call, sorted: its output and the rows that it made for its session to
// see; where somebody else looks, the rows that it made for that one.
func (o *observer) trace(output *model.Output, before, after [][]model.Row) []string {
	out := []string{}
	if !o.observed() {
		out = output.Lines()
	}
	out = append(out, o.made(before, after)...)
	slices.Sort(out)
	return out
}

// differ reports whether two traces tell two worlds apart. Whether a tenant's work is done yet
// may well depend on how much of others' there is before it: where somebody looks at what
// another session makes, there must be something else in each world, not only more.
func (o *observer) differ(a, b []string) bool {
	if o.observed() {
		return len(judge.Only(a, b)) > 0 && len(judge.Only(b, a)) > 0
	}
	return !slices.Equal(a, b)
}

// made is the rows that the steps made and the observer may see; where it is not who made them,
// without what a sequence gives, which others use up as well.
func (o *observer) made(before, now [][]model.Row) []string {
	p := model.Predictor{Contract: o.Contract}
	after := model.NewState(o.Contract.Schema, now)
	var out []string
	for i, t := range o.Contract.Schema.Tables {
		sees := &o.id.Session.Sees[i]
		columns := sees.Columns
		if o.observed() {
			columns = t.Steady(columns)
		}
		count := map[string]int{}
		for _, row := range before[i] {
			count[string(model.AppendRecord(nil, row, nil))]++
		}
		for _, row := range now[i] {
			record := string(model.AppendRecord(nil, row, nil))
			if count[record] > 0 {
				count[record]--
				continue
			}
			if ok, known := p.Holds(sees.Rule, o.id, after, row); ok && known {
				out = append(out, "ROW "+t.Label()+" "+string(model.AppendRecord(nil, row, columns)))
			}
		}
	}
	return out
}

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
	v, data, reason, err := o.hold(ctx, differ, repeats)
	if err != nil || reason != "" {
		return nil, reason, err
	}
	if data == nil {
		return nil, "", nil
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
	case o.observed():
		d.Rule = "what it makes for " + step.Observer.Session.Name + " to see may depend only on what that may see"
		d.Did = noun.Count(len(first), "row") + " that " + step.Observer.Session.Name + " may see"
	case o.s.Runs():
		d.Did = fmt.Sprintf("%d lines of output and rows", len(first))
	}
	return d
}

func did(lines []string) string {
	n := 0
	for _, l := range lines {
		if len(l) > 5 && l[:5] == "ERROR" {
			return l
		}
		if len(l) > 2 && l[1] == ' ' && l[2] == '(' {
			n++
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
	if o.s.Real() {
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

// hold finds the first variant whose difference holds: each world repeats itself, and the
// first one does so however its rows lie and Postgres reads them.
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
		differ, repeatsItself := judge.Repeated(first, second, known)
		if !repeatsItself {
			return 0, nil, NotRepeatable, nil
		}
		if !differ || !o.differ(judge.Mask(first[0], known), judge.Mask(second[0], known)) {
			continue
		}
		ordered, err := o.ordered(ctx, judge.Mask(first[0], known), known)
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
// reverse order, or are read in other ways.
func (o *observer) ordered(ctx context.Context, want []string, known func(string) bool) (bool, error) {
	var worlds []run.World
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
	for _, l := range lines {
		if l != nil && o.differ(judge.Mask(l, known), want) {
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

// foreign lists the rows that belong to another tenant.
func (o *observer) foreign() []gen.Place {
	st := o.s.Initial(o.Contract.Schema)
	own := map[string]bool{}
	o.Contract.SessionTenants(o.id, st, func(v model.Value) bool {
		own[v.Text] = true
		return true
	})
	out := []gen.Place{}
	for _, at := range o.worlds.Hidden() {
		other := false
		o.Contract.Tenants(st, o.Contract.Schema.Tables[at.Table], o.worlds.Row(at), func(v model.Value) bool {
			other = other || !own[v.Text]
			return !other
		})
		if other {
			out = append(out, at)
		}
	}
	return out
}

// keyTells is the rule of existence.
const keyTells = "Postgres tells that a key is taken, or that a row which is referred to is missing"

// existence drops the unique and foreign keys of a copy of the schema: a difference that
// goes away with them is what Postgres itself tells of a taken or a missing key.
func (o *observer) existence(ctx context.Context, d *judge.Divergence) error {
	without := *o
	without.under.Before = append(slices.Clone(o.under.Before), dropKeys(o.Contract.Schema)...)
	differ, _, _, err := without.differing(ctx)
	if err != nil {
		return err
	}
	if len(differ) == 0 {
		d.Class = judge.Existence
		d.Rule = keyTells
	}
	return nil
}

// dropKeys drops what tells of a key: foreign keys first, then unique and primary keys.
func dropKeys(s *model.Schema) []string {
	var out []string
	for _, t := range s.Tables {
		for i := range t.ForeignKeys {
			out = append(out, "ALTER TABLE "+t.SQL()+" DROP CONSTRAINT IF EXISTS "+model.Quote(t.ForeignKeys[i].Name)+" CASCADE")
		}
	}
	for _, t := range s.Tables {
		for i := range t.Unique {
			out = append(out, "ALTER TABLE "+t.SQL()+" DROP CONSTRAINT IF EXISTS "+model.Quote(t.Unique[i].Name)+" CASCADE",
				"DROP INDEX IF EXISTS "+model.Quote(t.Schema)+"."+model.Quote(t.Unique[i].Name)+" CASCADE")
		}
	}
	return out
}
