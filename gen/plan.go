package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Plan is what is known before anything is drawn. It is immutable and safe for
// concurrent use.
type Plan struct {
	Contract *model.Contract
	// Order lists the tables so that a foreign key's target comes first where it can.
	Order []*model.Table
	// Empty lists the tables that cannot be filled, with the reason.
	Empty map[*model.Table]string
	// Void lists the columns that are always NULL, with the reason.
	Void map[model.ColumnRef]string
	// Unmet is what conditions of the schema ask of rows, and no row of the matrix's datasets meets.
	Unmet []Unmet

	tables     []tablePlan // by Table.ID
	shapes     [][]choice  // by Session.ID
	copies     func(*model.Table) string
	first      []int            // by Table.ID: keys are counted from here
	lost       []*model.Session // sessions that may lose their tenant
	takes      []taking         // references that take rows along
	clues      *clues
	begins     []begin
	types      types
	parts      []part
	partShapes [][][]choice          // by Session.ID and part
	most       map[*model.Table]int  // rows of a table that fit beside each other, where that was learnt
	strict     map[*model.Table]bool // tables of whose rows the server found more to collide than the plan
	calls      [][]*callPlan         // by Session.ID
	listens    [][]*model.Path       // by Session.ID: the channels that it listens to
	whole      *Plan                 // without limits; nil: this one
	frozen     []string              // what brings a tenant into plans: see freeze
	namedBy    map[string][]string   // by name: the views and functions that name it
	ofSession  []string              // what says who a session is, and the functions that ask for it

	roles       []map[int]model.Value             // of the n-th tenant: see tenantRoles
	userExprs   []sql.Expr                        // by Session.ID: the condition of its users; nil without one
	knownBy     map[model.ColumnRef][]model.Value // the values of a column by which sessions are known
	pathQueries map[string]*sql.Query             // of the paths to tenants, by their text
}

type tablePlan struct {
	table    *model.Table
	columns  []column
	tenant   []int               // columns that hold a tenant's value directly
	through  []*model.ForeignKey // whose rows give theirs
	insides  []inside            // columns that hold one inside of theirs
	beside   []*model.Table      // whose rows these may name, too
	named    agreement
	unlike   []unlike
	keys     []*model.ForeignKey
	early    []int // columns in which rows have values before they refer to anything: see ring
	groups   []group
	derived  []derived             // generated columns that refer to something
	rules    []between             // between rows
	aloof    []*model.ForeignKey   // by which no row refers to itself
	names    []int                 // columns with whom a row is shown to
	wanted   []map[int]model.Value // constants that the rules of sessions ask of its rows
	askings  []asking              // what conditions of the schema ask of its rows
	landings []landing             // of partitions that sessions may use directly
	skip     bool                  // filled by nobody: shared rows of the schema, or not to be filled
}

// NewPlan plans the generation for a contract. copies names the copies of tables
// for queries that the model does not evaluate; nil leaves such queries out.
func NewPlan(c *model.Contract, copies func(*model.Table) string) *Plan {
	p := &Plan{
		Contract: c, Empty: map[*model.Table]string{}, Void: map[model.ColumnRef]string{}, copies: copies,
		clues: newClues(c.Schema), begins: beginnings(c.Schema), types: newTypes(c.Schema), most: map[*model.Table]int{}, strict: map[*model.Table]bool{},
	}
	p.namedBy = naming(c.Schema.Texts)
	p.nameTenants()
	p.lost = p.strays()
	p.parse()
	constants := Constants(c)
	p.tables = make([]tablePlan, len(c.Schema.Tables))
	p.first = make([]int, len(c.Schema.Tables))
	for i, t := range c.Schema.Tables {
		p.tables[i] = p.newTable(t, constants)
		p.first[i] = 1 + seeded64(t)
	}
	p.ring()
	p.takes = p.takings()
	p.Order, _ = c.Schema.LoadOrder()
	p.freeze()
	p.want()
	p.ask()
	p.showing()
	p.shapes = make([][]choice, len(c.Sessions))
	for i, s := range c.Sessions {
		p.shapes[i] = p.newShapes(s)
	}
	p.divide()
	p.deal()
	p.calls = make([][]*callPlan, len(c.Sessions))
	for i, s := range c.Sessions {
		p.calls[i] = p.newCalls(s)
		p.listens = append(p.listens, p.newListens(s))
	}
	return p
}

// parse parses the conditions and queries that rows are made by. What does not parse,
// which resolving them has ruled out, asks for nothing.
func (p *Plan) parse() {
	p.userExprs = make([]sql.Expr, len(p.Contract.Sessions))
	for i, s := range p.Contract.Sessions {
		if s.User == nil || s.User.Where == nil || s.User.Where.Kind != model.RuleCondition {
			continue
		}
		if e, err := sql.ParseExpr(s.User.Where.Text); err == nil {
			p.userExprs[i] = e
		}
	}
	p.knownBy = p.knows()
	p.pathQueries = map[string]*sql.Query{}
	for i := range p.Contract.Belongs {
		for _, path := range p.Contract.Belongs[i].Paths {
			if q, err := sql.ParseQuery(path.SQL); path.SQL != "" && err == nil {
				p.pathQueries[path.SQL] = q
			}
		}
	}
}

// seeded64 is the greatest integer key among the rows of the schema's own files.
func seeded64(t *model.Table) int {
	most := 0
	if len(t.Key) != 1 {
		return most
	}
	for _, row := range t.Seed {
		n := 0
		for _, r := range row[t.Key[0]].Text {
			if r < '0' || r > '9' || n > 1<<30 {
				n = 0
				break
			}
			n = n*10 + int(r-'0')
		}
		most = max(most, n)
	}
	return most
}

func (p *Plan) newTable(t *model.Table, constants map[model.ColumnRef][]string) tablePlan {
	b := &p.Contract.Belongs[t.ID]
	out := tablePlan{table: t, columns: make([]column, len(t.Columns))}
	for i := range t.Columns {
		out.columns[i] = p.newColumn(t, i, constants[model.ColumnRef{Table: t.ID, Column: i}], b.Generators[i])
	}
	if out.insides = p.insides(t); len(out.insides) > 0 {
		out.beside = p.asked(t)
	}
	for n := range out.insides {
		p.housed(&out.insides[n], &out.columns[out.insides[n].column])
	}
	for i := range b.Paths {
		switch path := &b.Paths[i]; {
		case path.Key != nil:
			out.through = append(out.through, path.Key)
		case path.Query == nil && path.Column >= 0:
			out.tenant = append(out.tenant, path.Column)
		}
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		switch {
		case k.Target != nil:
			out.keys = append(out.keys, k)
		case notNull(t, k):
			p.Empty[t] = "it refers to " + k.TargetName + ", which is not judged: name its schema under schemas"
		default:
			for _, c := range k.Columns {
				p.Void[model.ColumnRef{Table: t.ID, Column: c}] = "it refers to " + k.TargetName + ", which is not judged"
			}
		}
	}
	// The key of most columns first: it decides for those that share some.
	slices.SortStableFunc(out.keys, func(a, b *model.ForeignKey) int { return len(b.Columns) - len(a.Columns) })
	out.groups, out.rules, out.derived, out.unlike = groups(t), betweens(t), derives(t), unlikes(t)
	if t.Parent != "" {
		p.Empty[t] = "it is a part of " + t.Parent
	}
	out.skip = b.How == model.Shared && len(t.Seed) > 0
	markCanary(&out, constants)
	return out
}

// holds reports whether a column's values are tenants' keys that a row takes from its tenant: a row of
// the tenants' own table has its key by itself.
func (p *Plan) holds(t *model.Table, column int) bool {
	return t != p.Contract.Tenancy.Table && model.Contains(p.tables[t.ID].tenant, column)
}

// moves reports whether another value in a column may make a row another tenant's.
func (tp *tablePlan) moves(column int) bool {
	return model.Contains(tp.tenant, column) || tp.inside(column) != nil ||
		slices.ContainsFunc(tp.through, func(k *model.ForeignKey) bool { return model.Contains(k.Columns, column) })
}

func isReference(t *model.Table, column int) bool {
	for i := range t.ForeignKeys {
		if model.Contains(t.ForeignKeys[i].Columns, column) {
			return true
		}
	}
	return false
}

func notNull(t *model.Table, k *model.ForeignKey) bool {
	for _, c := range k.Columns {
		if !t.Columns[c].NotNull {
			return false
		}
	}
	return true
}

// markCanary chooses the text column that carries a table's unique tokens: the last
// free one that no rule compares with a constant. When there are several, the others collide;
// what is unique within a tenant carries them only if nothing else can. Rows of two tenants share
// one at times, unless it is unique everywhere: what a query joins by may be that column.
func markCanary(t *tablePlan, constants map[model.ColumnRef][]string) {
	spare := -1
	for i := len(t.columns) - 1; i >= 0; i-- {
		c := &t.table.Columns[i]
		free := c.Type.Kind == sql.Text && !c.Type.Array && t.columns[i].how == fromPool && !isReference(t.table, i) &&
			len(constants[model.ColumnRef{Table: t.table.ID, Column: i}]) == 0 && !t.columns[i].cycle && !model.Contains(t.tenant, i) && (c.Type.Length == 0 || c.Type.Length >= 24)
		for j := range t.table.Checks {
			free = free && !model.Contains(t.table.Checks[j].Columns, i)
		}
		switch {
		case free && t.perTenant(i):
			spare = max(spare, i)
		case free:
			t.columns[i].canary = true
			t.columns[i].shared = !slices.ContainsFunc(t.rules, func(x between) bool { return x.about(i) })
			return
		}
	}
	if spare >= 0 {
		t.columns[spare].canary, t.columns[spare].shared = true, true
	}
}

// perTenant reports whether a column is unique within a tenant or a row that it refers to, and
// nowhere beyond.
func (tp *tablePlan) perTenant(i int) bool {
	some := false
	if isReference(tp.table, i) || model.Contains(tp.tenant, i) {
		return false
	}
	for n := range tp.rules {
		if x := &tp.rules[n]; x.about(i) {
			some = true
			if !slices.ContainsFunc(x.Same, func(o int) bool { return model.Contains(tp.tenant, o) || isReference(tp.table, o) }) {
				return false
			}
		}
	}
	return some
}

// Constants lists the constants that the contract's rules and the schema's policies
// compare columns with: rows that have them are the ones that a rule tells apart.
func Constants(c *model.Contract) map[model.ColumnRef][]string {
	found := map[model.ColumnRef][]string{}
	add := func(t *model.Table, r *model.Rule) {
		if r == nil || r.Kind != model.RuleCondition {
			return
		}
		e, err := sql.ParseExpr(r.Text)
		if err != nil {
			return // it resolved before: the text is checked there
		}
		collect(c, t, e, found)
	}
	for _, t := range c.Schema.Tables {
		for i := range t.Policies {
			for _, text := range []string{t.Policies[i].Using, t.Policies[i].Check} {
				if e, err := sql.ParseExpr(text); text != "" && err == nil {
					collect(c, t, e, found)
				}
			}
		}
	}
	for _, s := range c.Sessions {
		if s.User != nil {
			add(s.User.Table, s.User.Where)
		}
		for i, t := range c.Schema.Tables {
			add(t, s.Sees[i].Rule)
			w := &s.Writes[i]
			for _, r := range []*model.Rule{w.Insert, w.From, w.To, w.Delete} {
				add(t, r)
			}
		}
	}
	return found
}

// plain is an expression without the casts around it.
func plain(e sql.Expr) sql.Expr {
	for {
		c, ok := e.(*sql.Cast)
		if !ok {
			return e
		}
		e = c.X
	}
}

func collect(c *model.Contract, t *model.Table, e sql.Expr, found map[model.ColumnRef][]string) {
	note := func(col *sql.Column, v sql.Expr) {
		lit, ok := plain(v).(*sql.Literal)
		if !ok || lit.Value.Null {
			return
		}
		for _, o := range c.Schema.Tables {
			if i := o.Column(col.Name); i >= 0 && (o == t || col.Qualifier != "" || mentions(e, o)) {
				ref := model.ColumnRef{Table: o.ID, Column: i}
				if !contains(found[ref], lit.Value.Text) {
					found[ref] = append(found[ref], lit.Value.Text)
				}
			}
		}
	}
	sql.Walk(e, func(x sql.Expr) bool {
		switch x := x.(type) {
		case *sql.Compare:
			if col, ok := plain(x.L).(*sql.Column); ok {
				note(col, x.R)
			}
			if col, ok := plain(x.R).(*sql.Column); ok {
				note(col, x.L)
			}
		case *sql.In:
			if col, ok := plain(x.X).(*sql.Column); ok {
				for _, v := range x.List {
					note(col, v)
				}
			}
		case *sql.AnyArray:
			if list, ok := plain(x.Array).(*sql.Array); ok {
				if col, ok := plain(x.X).(*sql.Column); ok {
					for _, v := range list.Items {
						note(col, v)
					}
				}
			}
		}
		return true
	})
}

func mentions(e sql.Expr, t *model.Table) bool {
	found := false
	sql.Walk(e, func(x sql.Expr) bool {
		if ex, ok := x.(*sql.Exists); ok {
			for _, f := range ex.Query.From {
				found = found || strings.EqualFold(f.Name, t.Name)
			}
		}
		return true
	})
	return found
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
