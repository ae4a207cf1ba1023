package judge

import (
	"fmt"

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

// ParseClass reads a class's name.
func ParseClass(s string) (Class, error) {
	for i, n := range classNames {
		if n == s {
			return Class(i), nil
		}
	}
	return 0, fmt.Errorf("no class %q", s)
}

// Cell is a place of the matrix.
type Cell struct {
	Session, Table int
	Command        model.Command
}

// Less orders cells by session, command and table: the order of the contract and of the catalog.
func (c Cell) Less(o Cell) bool {
	if c.Session != o.Session {
		return c.Session < o.Session
	}
	if c.Command != o.Command {
		return c.Command < o.Command
	}
	return c.Table < o.Table
}

// Divergence is one thing that Postgres did and the contract does not allow.
type Divergence struct {
	Class  Class
	Cell   Cell
	Step   int  // index
	Cross  bool // a row of another tenant is concerned; otherwise it is within the tenant
	Rule   string
	Rows   []model.Row // of the cell's table: hidden rows that were seen, old rows that changed, or missing rows
	Became []model.Row // for writes: the new rows, parallel to Rows; nil rows were removed
	Column int         // a column that must stay hidden; -1 for whole rows
	Did    string      // what Postgres answered: UPDATE 1
}

// Target identifies what a search aims at: class and cell, and the column for reads of one.
type Target struct {
	Class Class
	Cell  Cell
}

// Target is the divergence's class and cell.
func (d *Divergence) Target() Target { return Target{d.Class, d.Cell} }
