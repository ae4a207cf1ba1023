package props

import (
	"os"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
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

// source is the statement that carries a finding.
func (t *Target) source(b *Block) (*script.Statement, string) {
	schema := t.Contract.Schema
	for _, table := range schema.Tables {
		label := table.Label()
		for _, p := range table.Policies {
			if b.Carrier == "policy "+label+" "+p.Name {
				return script.Defined(t.Statements, script.Object{Kind: "policy", Schema: table.Schema, Name: p.Name, Table: table.Name}), "policy " + p.Name + " on " + label
			}
		}
		if b.Carrier == "table "+label+" row security" || b.Carrier == "table "+label+" force" {
			if s := script.Secured(t.Statements, table.Schema, table.Name); s != nil {
				return s, "row security of " + label
			}
		}
	}
	for name := range schema.Roles {
		if strings.HasPrefix(b.Carrier, "role "+name+" ") {
			return script.Defined(t.Statements, script.Object{Kind: "role", Name: name}), "role " + name
		}
	}
	if s, of := t.viewOrRoutine(b); s != nil {
		return s, of
	}
	if at := b.Finding.Divergence.Cell.Table; at >= 0 {
		table := schema.Tables[at]
		return script.Defined(t.Statements, script.Object{Kind: "table", Schema: table.Schema, Name: table.Name}), "table " + table.Label()
	}
	return nil, ""
}

// viewOrRoutine is the one that carries a finding, or that the finding's path is.
func (t *Target) viewOrRoutine(b *Block) (*script.Statement, string) {
	path := b.Finding.Divergence.Cell.Path
	for _, v := range t.Contract.Schema.Views {
		if b.Carrier == "view "+v.Label() || path != nil && path.View == v {
			return script.Defined(t.Statements, script.Object{Kind: "view", Schema: v.Schema, Name: v.Name}), "view " + v.Label()
		}
	}
	for _, r := range t.Contract.Schema.Routines {
		if b.Carrier == "routine "+r.Label()+"("+r.Signature+")" || path != nil && path.Routine == r {
			for _, kind := range []string{"function", "procedure", "aggregate"} {
				if s := script.Defined(t.Statements, script.Object{Kind: kind, Schema: r.Schema, Name: r.Name}); s != nil {
					return s, kind + " " + r.Label()
				}
			}
		}
	}
	return nil, ""
}
