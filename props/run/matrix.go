package run

import "github.com/rlsfuzz/rlsfuzz/model"

// Matrix counts, for each session, table and command, how often something allowed
// and something forbidden was at stake in a check that passed.
type Matrix struct {
	tables int
	cells  []Stake
	paths  []Stake // by session, then path
	count  int     // of paths
}

// Stake is the counts of one cell.
type Stake struct{ Allowed, Forbidden int }

// NewMatrix returns an empty matrix for a contract.
func NewMatrix(c *model.Contract) *Matrix {
	return &Matrix{
		tables: len(c.Schema.Tables), cells: make([]Stake, len(c.Sessions)*len(c.Schema.Tables)*len(model.Commands)),
		count: len(c.Paths), paths: make([]Stake, len(c.Sessions)*len(c.Paths)),
	}
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

// Path returns the counts of a session's calls of a path: rows that it got, and calls in
// which hidden rows might have shown.
func (m *Matrix) Path(session, path int) Stake { return m.paths[session*m.count+path] }

// CountPath adds to the cell of a session and a path.
func (m *Matrix) CountPath(session, path, allowed, forbidden int) {
	s := &m.paths[session*m.count+path]
	s.Allowed += allowed
	s.Forbidden += forbidden
}

// Add adds another matrix of the same contract.
func (m *Matrix) Add(o *Matrix) {
	for i := range o.cells {
		m.cells[i].Allowed += o.cells[i].Allowed
		m.cells[i].Forbidden += o.cells[i].Forbidden
	}
	for i := range o.paths {
		m.paths[i].Allowed += o.paths[i].Allowed
		m.paths[i].Forbidden += o.paths[i].Forbidden
	}
}
