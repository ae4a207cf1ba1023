package props

import (
	"fmt"
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// Report is the outcome of a run.
type Report struct {
	Seed     uint64
	Checks   int // judged: cells of the matrix and sequences
	Steps    int // statements of scenarios that ran
	Walk     int // length of the matrix walk; 0 when it was not walked
	Elapsed  time.Duration
	Server   string
	Version  int
	Blocks   []*Block
	Accepted []*Block // found, and accepted by the contract
	Leads    []Lead   // divergences that the referee did not confirm
	Matrix   *run.Matrix
	Contract *model.Contract
	Sessions []*model.Session    // that were searched, of the contract
	Tables   []*model.Table      // that were searched
	Paths    []*model.Path       // that were searched
	Rowless  map[judge.Cell]bool // cells of paths to which no row makes a difference: not tested, and no gap
	Apart    []*Block            // what Postgres documents: reported, but not counted as findings
	Untested []Untested
	Notes    []string
	Sampled  int    // passed scenarios that the referee ran again
	Ended    bool   // the run was interrupted before its budget was spent
	BrokeOff string // why the search could not go on to its end; empty when it could
	Shrinks  []int  // distinct scenarios run on Postgres for each finding, the referee's apart
	Effort   session.Counters
}

// Block is the findings with one cause: the least case, and the other cells.
type Block struct {
	Cause    string
	Carrier  string // stable name of the object that carries it: policy tickets tickets_read; may be empty
	Finding  *finding.Finding
	Like     []string // cells, as text
	Dir      string   // where the finding is kept; empty when it is not
	Unsaved  error    // why it could not be kept
	AtCheck  int      // the check that found it first
	Known    bool     // an earlier run saved it
	Raw      bool     // as it was found: the search ended before it was reduced
	Accepted string   // the reason of the accept entry that matches; else empty
	Case     []byte   // the case's text, where it could not be kept
	Places   []Place  // lines that it is about: the contract's last; none before the run ends

	object carrier.Object // that carries it
	shown  []judge.Cell   // the cells in which a session with its tenant shows it
}

// Lead is a divergence of the fast way that real logins did not show.
type Lead struct {
	Cell, Class, Reason string
}

// Untested is something that was not tested, and why.
type Untested struct {
	Session, Object, Command, Reason string
	Accepted                         string // the reason of an accept entry, if one matches
	Vacant                           bool   // it is a whole session, table or path
	Weak                             bool   // it is of a path that the contract does not name, or of which no call can tell anything
	Failed                           bool   // every attempt failed, and not by a denial
}

// Findings counts the findings: each cell of each block is one.
func (r *Report) Findings() int {
	n := 0
	for _, b := range r.Blocks {
		n += 1 + len(b.Like)
	}
	return n
}

// Early reports whether the run ended before its budget was spent, interrupted or broken off.
func (r *Report) Early() bool { return r.Ended || r.BrokeOff != "" }

// Cells counts the cells of the matrix, and how many of them are untested.
func (r *Report) Cells() (all, untested int) {
	all = len(r.Sessions) * len(r.Tables) * len(model.Commands)
	r.EachPath(func(_ *model.Session, p *model.Path) {
		all++
		if p.Untried != "" { // said once, of the whole path
			untested++
		}
	})
	all -= len(r.Rowless)
	for i := range r.Untested {
		if r.Untested[i].Session != "" {
			untested++
		}
	}
	return all, untested
}

// Incomplete reports whether something that the contract names was not tested, and no
// accept entry says why: a whole session, table or path, or a cell that the rules
// make possible.
func (r *Report) Incomplete() bool {
	for i := range r.Untested {
		if r.Untested[i].Accepted == "" && !r.Untested[i].Weak {
			return true
		}
	}
	return false
}

func (b *Block) text() string { return finding.Block(b.Finding) }

// EachCell calls f for each cell of what is searched.
func (r *Report) EachCell(f func(s *model.Session, t *model.Table, c model.Command)) {
	for _, s := range r.Sessions {
		for _, t := range r.Tables {
			for _, command := range model.Commands {
				f(s, t, command)
			}
		}
	}
}

// EachPath calls f for each session and path of what is searched.
func (r *Report) EachPath(f func(s *model.Session, p *model.Path)) {
	for _, s := range r.Sessions {
		for _, p := range r.Paths {
			if p.User(s) != nil {
				f(s, p)
			}
		}
	}
}

// told takes out of the blocks what Postgres documents: that keys tell of other rows, and what views
// without security_barrier, search paths and channels do where sessions write SQL of their own.
// Config.Strict leaves them in.
func (c *campaign) told() {
	c.report.Blocks = slices.DeleteFunc(c.report.Blocks, func(b *Block) bool {
		apart := c.apart(b)
		if apart {
			c.report.Apart = append(c.report.Apart, b)
		}
		return apart
	})
}

// apart reports whether a block is reported beside the findings.
func (c *campaign) apart(b *Block) bool {
	return (b.Finding.Class == judge.Existence || b.Leaky()) && !c.cfg.Strict
}

// Leaky reports whether a finding is about what the session wrote itself: a condition that a view
// without security_barrier asks about rows that it leaves out, a table in the place of another, or
// LISTEN.
func (b *Block) Leaky() bool {
	p := b.Finding.Divergence.Cell.Path
	return p != nil && p.Leaky
}

// remark adds a note to the report, once.
func (c *campaign) remark(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(c.report.Notes, note) {
		c.report.Notes = append(c.report.Notes, note)
	}
}
