package judge

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Class is the kind of a divergence. Lower ones win.
type Class uint8

// The classes, in their order.
const (
	Open Class = iota
	Residue
	Move
	Write
	Read
	Interference
	Canary
	Audit
	Lockout
	Existence
)

var classNames = [...]string{"open", "residue", "move", "write", "read", "interference", "canary", "audit", "lockout", "existence"}

func (c Class) String() string { return classNames[c] }

// Cell is a place of the matrix: a session with a command on a table, or with a path.
// What a path did to a table has both. Where a path gave too much, Command is Call and
// there is no table.
type Cell struct {
	Session, Table int
	Command        model.Command
	Path           *model.Path // nil: the table itself
}

// PathCell is the place of a session and a path.
func PathCell(session int, p *model.Path) Cell {
	return Cell{Session: session, Table: -1, Command: model.Call, Path: p}
}

// Object names what the cell is about besides its session: a path or a table.
func (c Cell) Object(s *model.Schema) string {
	if c.Path != nil {
		return c.Path.Name
	}
	return s.Tables[c.Table].Label()
}

// Action is what the session does: call, or the command on the table.
func (c Cell) Action() string {
	if c.Path != nil {
		return model.Call.String()
	}
	return c.Command.String()
}

// Less orders cells by session, command and table: the order of the contract and of the catalog.
func (c Cell) Less(o Cell) bool {
	if a, b := order(c.Path), order(o.Path); a != b {
		return a < b
	}
	if c.Session != o.Session {
		return c.Session < o.Session
	}
	if c.Command != o.Command {
		return c.Command < o.Command
	}
	return c.Table < o.Table
}

// order is tables first, then paths in the order of the contract.
func order(p *model.Path) int {
	if p == nil {
		return 0
	}
	return 1 + p.ID
}

// Divergence is one thing that Postgres did and the contract does not allow.
type Divergence struct {
	Class  Class
	Cell   Cell
	Step   int  // index
	Cross  bool // a row of another tenant is concerned; otherwise it is within the tenant
	Rule   string
	Of     *model.Table // of Rows, where the cell has no table
	Rows   []model.Row  // of the cell's table: hidden rows that were seen, old rows that changed, or missing rows
	Became []model.Row  // for writes: the new rows, parallel to Rows; nil rows were removed
	Column int          // a column that must stay hidden; -1 for whole rows
	Did    string       // what Postgres answered: UPDATE 1
	Worlds *Worlds      // of interference and existence: how two worlds differ
	Left   bool         // it comes from what earlier steps left, on the connection or elsewhere
}

// Token reports whether all that shows the divergence is a token of a hidden row in what the session
// received. Its class is then Canary, or Open for a session without a tenant.
func (d *Divergence) Token() bool {
	return d.Class == Canary || d.Class == Open && d.Of != nil && d.Worlds == nil && d.Became == nil
}

// Target identifies what a search aims at: a class in a cell. A hidden column that shows is another
// target than hidden rows that do.
type Target struct {
	Class  Class
	Cell   Cell
	Column int // that must stay hidden or unchanged; -1 for whole rows
}

// Target is what the divergence shows.
func (d *Divergence) Target() Target {
	if d.Class == Audit { // its column is where the entry is wrong
		return Target{d.Class, d.Cell, -1}
	}
	return Target{d.Class, d.Cell, d.Column}
}
