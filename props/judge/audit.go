package judge

import (
	"slices"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// audit judges the entry that a run of a path must leave in a log.
func (j *judge) audit(p *model.Path, cell Cell) {
	a := p.Audit
	if a == nil || j.trace.Err != nil || j.id.Tenant.Null || !j.due(a) {
		return
	}
	entries, known := j.entries(p)
	if !known {
		j.verdict.Unjudged = append(j.verdict.Unjudged, p.Name+": what its entry in "+a.Table.Label()+" must be could not be evaluated")
		return
	}
	d := Divergence{Class: Audit, Cell: cell, Of: a.Table, Column: -1, Cross: true}
	if len(entries) == 0 {
		d.Rule, d.Cross = MustLog, false
		j.found(d)
		return
	}
	for _, row := range entries {
		if rule, column := j.misses(a, row); rule != "" {
			d.Rule, d.Rows, d.Column = rule, []model.Row{row}, column
			d.Cross = j.foreign(j.after, a.Table, row)
			j.found(d)
			return
		}
	}
}

// Rules of an audit that a divergence names.
const (
	MustLog     = "each run must leave an entry in the log"
	LogTenant   = "the entry must bear the tenant of the run"
	LogTenants  = "the entry must bear a tenant of the session"
	LogActor    = "the entry must bear the user of the run"
	LogTime     = "the entry must bear the time of the run"
	LogRequired = "the entry must say what the contract requires"
)

// due reports whether a call must be logged: always, or when it gives something, or when an
// argument has a value that is not empty and not false.
func (j *judge) due(a *model.Audit) bool {
	args := j.op.Args
	switch {
	case a.Given:
		return j.trace.Output != nil && j.trace.Output.Gives()
	case a.When < 0:
		return true
	}
	if a.When >= len(args) || args[a.When].Null {
		return false
	}
	return !slices.Contains([]string{"", "f", "false", "0", "no", "off"}, strings.ToLower(args[a.When].Text))
}

// entries lists the rows that a call added to its log.
func (j *judge) entries(p *model.Path) (out []model.Row, known bool) {
	for _, c := range j.changes(p.Audit.Table) {
		if c.old != nil {
			continue
		}
		is, sure := j.entry(p, c.new)
		if !sure {
			return nil, false
		}
		if is {
			out = append(out, c.new)
		}
	}
	return out, true
}

// entry reports whether a new row of the log is the one that a path must leave.
func (j *judge) entry(p *model.Path, row model.Row) (is, known bool) {
	for i := range p.Audit.Where {
		if u := &p.Users[i]; u.Rules == j.id.Session || u.Session == j.id.Session {
			return j.holds(p.Audit.Where[i], j.after, row)
		}
	}
	return true, true
}

// logged reports whether a change is an entry whose tenant audit judges, where the run is whole.
func (j *judge) logged(t *model.Table, c change) bool {
	p := j.op.Path
	if p == nil || p.Audit == nil || p.Audit.Table != t || p.Audit.Tenant < 0 || c.old != nil || j.id.Tenant.Null || j.trace.Err != nil && !j.half || !j.due(p.Audit) {
		return false
	}
	is, known := j.entry(p, c.new)
	return is && known
}

// misses is what is wrong with an entry; empty when nothing is.
func (j *judge) misses(a *model.Audit, row model.Row) (rule string, column int) {
	several := j.several()
	switch {
	case a.Tenant >= 0 && several && (row[a.Tenant].Null || !slices.Contains(j.own, row[a.Tenant].Text)):
		return LogTenants, a.Tenant
	case a.Tenant >= 0 && !several && row[a.Tenant] != j.id.Tenant:
		return LogTenant, a.Tenant
	case a.Actor >= 0 && !j.id.User.Null && j.id.Session.User != nil && row[a.Actor] != j.id.User:
		return LogActor, a.Actor
	case a.At >= 0 && !j.during(row[a.At]):
		return LogTime, a.At
	}
	for _, c := range a.Require {
		if row[c].Null || strings.TrimSpace(row[c].Text) == "" {
			return LogRequired, c
		}
	}
	return "", -1
}

// several reports whether a run may be of any of the session's tenants: it has several, and neither it
// nor the path says which.
func (j *judge) several() bool {
	u := j.op.Path.User(j.id.Session)
	return j.id.Session.TenantsSQL != "" && (u == nil || !u.Brings)
}

// slack is how far an entry's time may lie outside of the call: now() is when the transaction began,
// and a program may take the time from another clock.
const slack = time.Minute

// during reports whether a time lies within the call, by the server's clock. It is true for what is
// no time, which cannot be judged; a date need only be the day of the call.
func (j *judge) during(v model.Value) bool {
	if v.Null {
		return false
	}
	began, ok1 := clock(j.trace.Began)
	ended, ok2 := clock(j.trace.Ended)
	at, ok := clock(v.Text)
	if !ok || !ok1 || !ok2 {
		return true
	}
	if len(v.Text) == len(time.DateOnly) {
		began = began.Truncate(24 * time.Hour)
	}
	return !at.Before(began.Add(-slack)) && !at.After(ended.Add(slack))
}

// clock reads a time as Postgres prints it, in UTC where it says no zone.
func clock(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999-07:00", "2006-01-02 15:04:05.999999", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
