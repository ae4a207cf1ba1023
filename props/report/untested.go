package report

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// Untested is something that was not tested.
type Untested struct {
	Session  string `json:"session,omitempty"` // empty for a whole session, table or path
	Object   string `json:"object"`
	Command  string `json:"command,omitempty"`
	Reason   string `json:"reason"`
	Accepted string `json:"accepted,omitempty"` // the reason of the contract's accept entry
}

// String names what was not tested: support: update tickets.
func (u *Untested) String() string {
	if u.Session == "" {
		return u.Object
	}
	return u.Session + ": " + u.Command + " " + u.Object
}

// untestedOf is what a run did not test.
func untestedOf(r *props.Report) []Untested {
	var out []Untested
	for _, u := range r.Untested {
		out = append(out, Untested{u.Session, u.Object, u.Command, u.Reason, u.Accepted})
	}
	return out
}

// gaps counts what was not tested and is not accepted.
func (d *Document) gaps() int {
	n := 0
	for i := range d.Untested {
		if d.Untested[i].Accepted == "" {
			n++
		}
	}
	return n
}

// gap is what was not tested for one reason.
type gap struct {
	Reason string
	Cells  []string
}

// byReason groups what was not tested by the reason, in the order of the first of each.
func byReason(list []Untested) []gap {
	var out []gap
	for i := range list {
		u := &list[i]
		reason := u.Reason
		if u.Accepted != "" {
			reason = "accepted: " + u.Accepted
		}
		k := slices.IndexFunc(out, func(g gap) bool { return g.Reason == reason })
		if k < 0 {
			k = len(out)
			out = append(out, gap{Reason: reason})
		}
		out[k].Cells = append(out[k].Cells, u.String())
	}
	return out
}
