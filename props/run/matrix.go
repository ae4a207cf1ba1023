package run

import "github.com/rlsfuzz/rlsfuzz/model"

// Matrix counts, for each session, table and command, how often something allowed
// and something forbidden was at stake in a check that passed.
type Matrix struct {
	tables int
	cells  []Stake
}

// Stake is the counts of one cell.
type Stake struct{ Allowed, Forbidden int }

// NewMatrix returns an empty matrix for a contract.
func NewMatrix(c *model.Contract) *Matrix {
	return &Matrix{tables: len(c.Schema.Tables), cells: make([]Stake, len(c.Sessions)*len(c.Schema.Tables)*len(model.Commands))}
}

func (m *Matrix) at(session, table int, command model.Command) *Stake {
	return &m.cells[(session*m.tables+table)*len(model.Commands)+int(command)]
}

// Cell returns the counts of a cell.
func (m *Matrix) Cell(session, table int, command model.Command) Stake {
	return *m.at(session, table, command)
}

// Count adds to a cell. Upserts and merges count as inserts.
func (m *Matrix) Count(session, table int, command model.Command, allowed, forbidden int) {
	if command == model.Upsert || command == model.Merge {
		command = model.Insert
	}
	s := m.at(session, table, command)
	s.Allowed += allowed
	s.Forbidden += forbidden
}

// Add adds another matrix of the same contract.
func (m *Matrix) Add(o *Matrix) {
	for i := range o.cells {
		m.cells[i].Allowed += o.cells[i].Allowed
		m.cells[i].Forbidden += o.cells[i].Forbidden
	}
}
