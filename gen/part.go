package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// A schema of more tables than fill a dataset at once is tried in parts: a few tables
// that refer to each other, with all that their rows and their rules need. Each dataset
// is about one part, and each part gets its turn.
const (
	wholeSchema = 24 // tables of a schema that is not divided
	partTables  = 6  // tables of a part, apart from what they need
)

// part is the tables of a part.
type part struct {
	own []bool // by Table.ID: the tables that its datasets are about
	all []bool // by Table.ID: with all that these need
}

// Parts lists, for each part of the schema, the tables that its datasets fill, by
// Table.ID. A small schema has one part, which is all of it.
func (p *Plan) Parts() [][]bool {
	out := make([][]bool, len(p.parts))
	for i := range p.parts {
		out[i] = p.parts[i].all
	}
	return out
}

// divide divides the schema into parts.
func (p *Plan) divide() {
	tables := p.Contract.Schema.Tables
	if len(tables) <= wholeSchema {
		every := make([]bool, len(tables))
		for i := range every {
			every[i] = true
		}
		p.parts = []part{{own: every, all: every}}
		return
	}
	base := p.base()
	taken := make([]bool, len(tables))
	near := p.neighbours(base)
	for i, t := range tables {
		taken[i] = base[i] || t.Parent != "" && len(t.Seed) == 0
	}
	for _, t := range p.Order {
		if taken[t.ID] {
			continue
		}
		own := make([]bool, len(tables))
		if len(p.parts) == 0 { // these are in every part, and in one for their own sake
			copy(own, base)
		}
		queue := []int{t.ID}
		taken[t.ID] = true
		for n := 0; n < len(queue); n++ {
			own[queue[n]] = true
			for _, other := range near[queue[n]] {
				if !taken[other] && len(queue) < partTables {
					taken[other] = true
					queue = append(queue, other)
				}
			}
		}
		p.parts = append(p.parts, part{own: own, all: p.needs(own, base)})
	}
	if len(p.parts) == 0 {
		p.parts = []part{{own: base, all: p.needs(base, base)}}
	}
}

// base is the tables that every dataset needs: tenants, users, and what makes users
// belong to tenants.
func (p *Plan) base() []bool {
	base := make([]bool, len(p.Contract.Schema.Tables))
	add := func(t *model.Table) {
		if t != nil {
			base[t.ID] = true
		}
	}
	mention := func(text string) {
		for _, t := range p.clues.around(nil, text) {
			add(t)
		}
	}
	add(p.Contract.Tenancy.Table)
	for _, s := range p.Contract.Sessions {
		mention(s.TenantsSQL)
		if s.User != nil {
			add(s.User.Table)
			if s.User.Where != nil {
				mention(s.User.Where.SQL)
			}
			for _, path := range p.Contract.Belongs[s.User.Table.ID].Paths {
				mention(path.SQL)
			}
		}
	}
	p.close(base)
	return base
}

// close adds the tables to which rows must refer.
func (p *Plan) close(set []bool) {
	for changed := true; changed; {
		changed = false
		for i, t := range p.Contract.Schema.Tables {
			if !set[i] {
				continue
			}
			for _, k := range p.tables[i].keys {
				if !set[k.Target.ID] && p.must(t, k) {
					set[k.Target.ID], changed = true, true
				}
			}
		}
	}
}

// must reports whether rows may have to refer by a key: it is NOT NULL, or a check
// reads it.
func (p *Plan) must(t *model.Table, k *model.ForeignKey) bool {
	return notNull(t, k) || slices.ContainsFunc(k.Columns, p.tables[t.ID].tied)
}

// neighbours lists the tables that refer to each other, apart from those of the base.
func (p *Plan) neighbours(base []bool) [][]int {
	near := make([][]int, len(base))
	add := func(a, b int) {
		if !slices.Contains(near[a], b) {
			near[a] = append(near[a], b)
		}
	}
	for i := range p.tables {
		for _, k := range p.tables[i].keys {
			if j := k.Target.ID; i != j && !base[i] && !base[j] {
				add(i, j)
				add(j, i)
			}
		}
	}
	return near
}

// needs is some tables with what they need: the tables to which they refer, which
// their rules and policies read and which their triggers fill.
func (p *Plan) needs(own, base []bool) []bool {
	all := slices.Clone(base)
	for i, t := range p.Contract.Schema.Tables {
		if !own[i] {
			continue
		}
		all[i] = true
		for _, k := range p.tables[i].keys {
			all[k.Target.ID] = true
		}
		for j := range t.Policies {
			p.mention(all, t, t.Policies[j].Using+" "+t.Policies[j].Check)
		}
		for _, label := range t.Fills {
			for _, o := range p.Contract.Schema.Tables {
				all[o.ID] = all[o.ID] || o.Label() == label
			}
		}
		for _, path := range p.Contract.Belongs[i].Paths {
			p.mention(all, t, path.SQL)
		}
		for _, s := range p.Contract.Sessions {
			w := &s.Writes[i]
			for _, r := range []*model.Rule{s.Sees[i].Rule, w.Insert, w.From, w.To, w.Delete} {
				if r != nil {
					for _, used := range r.Uses {
						all[used] = true
					}
				}
			}
		}
	}
	p.close(all)
	return all
}

// mention adds the tables that a text names, and those that the functions name which
// it calls.
func (p *Plan) mention(set []bool, own *model.Table, text string) {
	tokens := sql.Tokens(text)
	for i := range tokens {
		if tokens[i].Kind != sql.Word && tokens[i].Kind != sql.QuotedName {
			continue
		}
		body, called := p.clues.bodies[tokens[i].Text]
		if called && i+1 < len(tokens) && tokens[i+1].Text == "(" {
			for _, t := range p.clues.around(own, body) {
				set[t.ID] = true
			}
		}
	}
	for _, t := range p.clues.around(own, text) {
		set[t.ID] = true
	}
}

// inPart is the shapes of a session that a dataset is about.
func (p *Plan) inPart(s *model.Session, d *Dataset) []choice {
	if len(p.parts) < 2 {
		return p.shapes[s.ID]
	}
	return p.partShapes[s.ID][d.Part]
}

// InPart reports whether a dataset is about a table.
func (p *Plan) InPart(t *model.Table, d *Dataset) bool { return p.parts[d.Part].own[t.ID] }

// deal sorts the shapes of each session by parts.
func (p *Plan) deal() {
	p.partShapes = make([][][]choice, len(p.shapes))
	for s, list := range p.shapes {
		p.partShapes[s] = make([][]choice, len(p.parts))
		for n := range p.parts {
			for _, c := range list {
				if p.parts[n].own[c.table.ID] {
					p.partShapes[s][n] = append(p.partShapes[s][n], c)
				}
			}
		}
	}
}
