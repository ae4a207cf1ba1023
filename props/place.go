package props

import (
	"os"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// Place is a line of a file that a finding is about.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`          // from 1
	Col  int    `json:"col,omitempty"` // from 1
	Of   string `json:"of"`            // what stands there: the contract, or policy tickets_read on tickets
}

// locate notes at each block where it is at home.
func (c *campaign) locate() {
	for _, list := range [][]*Block{c.report.Blocks, c.report.Accepted, c.report.Apart} {
		for _, b := range list {
			b.Places = c.places(b)
		}
	}
}

// places is where a finding is at home: the statement of the schema's files that last made
// or changed what carries it, or else its table or path, where a file has that; and the
// entry of the contract that it contradicts, which comes last.
func (t *Target) places(b *Block) []Place {
	var out []Place
	if s, of := t.source(b); s != nil {
		if info, err := os.Stat(s.File); err == nil && info.Mode().IsRegular() { // no preset, no copy of a database
			out = append(out, Place{File: s.File, Line: s.Line, Col: s.Col, Of: of})
		}
	}
	f := b.Finding
	if line, col := t.File.Place(f.Session, f.Table, f.Path, f.Divergence.Cell.Command != model.Select); line > 0 {
		out = append(out, Place{File: t.File.Path, Line: line, Col: col, Of: "the contract"})
	}
	return out
}

// source is the statement that says last what carries a finding; where none does, what its path or
// its table is.
func (t *Target) source(b *Block) (*script.Statement, string) {
	objects := []carrier.Object{b.object}
	cell := &b.Finding.Divergence.Cell
	switch p := cell.Path; {
	case p == nil:
	case p.View != nil:
		objects = append(objects, carrier.Object{Kind: carrier.View, View: p.View})
	case p.Routine != nil:
		objects = append(objects, carrier.Object{Kind: carrier.Routine, Routine: p.Routine})
	}
	if cell.Table >= 0 {
		objects = append(objects, carrier.Object{Kind: carrier.Table, Table: t.Contract.Schema.Tables[cell.Table]})
	}
	for i := range objects {
		if s := t.files().Place(&objects[i]); s != nil {
			return s, objects[i].Name()
		}
	}
	return nil, ""
}
