package props

import (
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
	r.EachPath(func(*model.Session, *model.Path) { all++ })
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
