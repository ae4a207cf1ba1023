package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// New lists the ways into the data of a contract's tenants.
func New(c *model.Contract, cat *Catalog, o Options) *Inventory {
	b := &builder{contract: c, catalog: cat, options: o, tables: map[*Object]*model.Table{}, direct: map[*model.Path][]*Object{}}
	b.out = &Inventory{Contract: o.Path, Last: o.Last, Ways: []Way{}, Unreached: []string{}, Notes: []string{}}
	for _, t := range c.Schema.Tables {
		if obj := cat.Find(t); obj != nil {
			b.tables[obj] = t
		}
	}
	b.members()
	for _, p := range c.Paths {
		b.direct[p], _ = b.pathNeeds(p)
	}
	for _, obj := range cat.Objects {
		b.object(obj)
	}
	for _, p := range c.Paths {
		if cat.byID(p.Name) == nil && !p.Asked() { // the view or table is there
			b.path(p)
		}
	}
	for _, r := range cat.concerned(c) {
		b.role(r)
	}
	for i := range o.Statements {
		b.statement(&o.Statements[i])
	}
	return b.out
}

// builder makes one inventory.
type builder struct {
	contract *model.Contract
	catalog  *Catalog
	options  Options
	out      *Inventory
	tables   map[*Object]*model.Table
	who      []member
	direct   map[*model.Path][]*Object // what the text of a path names
}

// member is a session with the role that it acts as.
type member struct {
	session *model.Session
	role    string
}

// members finds the role of each session. Where it follows from the tenant, the first
// tenant's stands for all.
func (b *builder) members() {
	for _, s := range b.contract.Sessions {
		roles := acting(b.contract, s)
		if len(roles) == 0 {
			b.out.Notes = append(b.out.Notes, fmt.Sprintf("the role of session %s follows from its tenant, and no tenant of the schema's files has one: what it may use is not known", s.Name))
			continue
		}
		b.who = append(b.who, member{s, roles[0]})
	}
}

// object adds a relation or a routine that some session may use.
func (b *builder) object(o *Object) {
	if b.foreign(o) {
		return
	}
	w := Way{ID: o.ID(), Kind: o.Kind.String(), Name: o.Label(), Start: ByCatalog, Uncertain: b.uncertain(o), Mark: b.options.Last.Mark(o.ID(), o.Print)}
	if o.Kind == Table {
		w.Start = BySession
	}
	for _, m := range b.who {
		if !b.catalog.may(m.role, o).Any() {
			continue
		}
		b.use(&w, m, b.catalog.Reach(o, m.role), m.session.Sees, m.session.Writes, o)
		b.cover(&w, m.session, o)
	}
	if !o.relation() && len(w.Touches) == 0 && w.Uncertain == "" {
		w.Cells, w.Tested = 0, 0 // it touches no table: there is nothing to test
	}
	if len(w.Users) == 0 {
		b.out.Unreached = append(b.out.Unreached, o.ID())
		return
	}
	b.add(w)
}

// foreign reports whether an object is no way: a preset's own, which the contract does
// not judge, or a trigger's function, which nobody calls.
func (b *builder) foreign(o *Object) bool {
	return o.Trigger || slices.Contains(b.options.Skip, o.Schema) && b.tables[o] == nil
}

// uncertain is why something may be missing of what an object touches; the first reason on the
// way, empty when there is none.
func (b *builder) uncertain(o *Object) string {
	seen := map[*Object]bool{}
	var visit func(o *Object) string
	visit = func(o *Object) string {
		if seen[o] {
			return ""
		}
		seen[o] = true
		if o.Uncertain != "" {
			return o.ID() + ": " + o.Uncertain
		}
		for _, n := range o.Needs {
			if o.Kind == Table {
				break // its policies and triggers are listed with it
			}
			if why := visit(n.To); why != "" {
				return why
			}
		}
		return ""
	}
	return visit(o)
}

// use adds a user of a way, with what it touches and what the contract lets it see and change of
// that. sees and writes are by table, nil where the contract has no rules for the user; table is
// the object itself where the way is one, whose rule is told in full.
func (b *builder) use(w *Way, m member, touched []Touch, sees []model.Sees, writes []model.Writes, table *Object) {
	u := User{Role: m.role, RunsAs: []string{}, Bypass: b.bypasses(touched)}
	if m.session != nil {
		u.Session = m.session.Name
	}
	var rules []string
	for i := range touched {
		t := &touched[i]
		own := table != nil && t.Object == table
		if !own && !slices.Contains(w.Touches, t.Object.ID()) {
			w.Touches = append(w.Touches, t.Object.ID())
		}
		if !slices.Contains(u.RunsAs, t.Role) {
			u.RunsAs = append(u.RunsAs, t.Role)
		}
		for _, p := range b.catalog.policies(t.Object, t.Role) {
			if text := t.Object.Label() + ": " + p; (own || t.Via == ByBody) && !slices.Contains(w.Policies, text) {
				w.Policies = append(w.Policies, text)
			}
		}
		at := b.tables[t.Object]
		if at == nil || sees == nil || t.Via != ByBody {
			continue
		}
		u.Reach = max(u.Reach, b.spreads(m.session, at, &sees[at.ID], &writes[at.ID]))
		if own {
			rules = append(rules, describe(&sees[at.ID], &writes[at.ID]))
		} else {
			rules = append(rules, at.Label()+": "+seen(&sees[at.ID]))
		}
	}
	if w.Uncertain != "" && sees != nil && m.session != nil { // it may touch any
		for _, at := range b.contract.Schema.Tables {
			u.Reach = max(u.Reach, b.spreads(m.session, at, &sees[at.ID], &writes[at.ID]))
		}
	}
	u.Rule = strings.Join(unique(rules), "; ")
	if table != nil && table.Kind == Table && b.tables[table] == nil {
		u.Rule = "none: the table lies outside of the schemas that are judged"
	}
	w.Users = append(w.Users, u)
}

// bypasses tells the touches that row security does not hold for, but for tables that are
// everybody's.
func (b *builder) bypasses(touched []Touch) []string {
	return bypasses(slices.DeleteFunc(slices.Clone(touched), func(t Touch) bool {
		at := b.tables[t.Object]
		return at != nil && b.contract.Belongs[at.ID].How == model.Shared
	}))
}

// spreads is the widest reach that the rules give a session over a table.
func (b *builder) spreads(s *model.Session, t *model.Table, sees *model.Sees, writes *model.Writes) Spread {
	most := Nothing
	for _, r := range []*model.Rule{sees.Rule, writes.Insert, writes.From, writes.Delete} {
		most = max(most, spread(r, &b.contract.Belongs[t.ID], t, s))
	}
	return most
}

// path adds a path of the contract.
func (b *builder) path(p *model.Path) {
	w := Way{ID: b.catalog.PathID(p), Kind: p.Kind, Name: p.Name, Start: BySession}
	w.Mark = b.options.Last.Mark(w.ID, pathPrint(p))
	switch p.Kind {
	case "job":
		w.Start = ByJob
	case "webhook":
		w.Start = ByWebhook
	}
	needs, uncertain := b.pathNeeds(p)
	w.Uncertain = uncertain
	for _, o := range needs {
		if w.Uncertain == "" {
			w.Uncertain = b.uncertain(o)
		}
	}
	for i := range p.Users {
		u := &p.Users[i]
		m := member{session: u.Session, role: "unknown"}
		for _, o := range b.who {
			if o.session == u.Session {
				m = o
			}
		}
		b.use(&w, m, b.catalog.reachAll(needs, m.role), u.Sees, u.Writes, nil)
		w.Cells++
		if b.tested(u.Session.Name, w.ID, "call") {
			w.Tested++
		}
	}
	b.add(w)
}

// pathNeeds is what the SQL of a path names. uncertain is why something may be missing.
func (b *builder) pathNeeds(p *model.Path) (needs []*Object, uncertain string) {
	if len(p.Command) > 0 {
		uncertain = "a program: what it touches is not known before it runs"
	}
	for _, text := range p.Run {
		found, why := b.catalog.statementNeeds(text)
		for _, n := range found {
			if !slices.Contains(needs, n.To) {
				needs = append(needs, n.To)
			}
		}
		if uncertain == "" {
			uncertain = why
		}
	}
	return needs, uncertain
}

// statementNeeds is what a statement names, whatever schema it is in.
func (c *Catalog) statementNeeds(source string) ([]Need, string) {
	if _, err := sql.References(source); err != nil {
		found, why := c.named(source, text{guessed: true})
		if why == "" {
			why = "the grammar does not take it whole"
		}
		return found, why
	}
	return c.named(source, text{})
}

// add completes a way.
func (b *builder) add(w Way) {
	if w.Touches == nil {
		w.Touches = []string{}
	}
	if w.Policies == nil {
		w.Policies = []string{}
	}
	w.Bypass = []string{}
	for i := range w.Users {
		w.Reach = max(w.Reach, w.Users[i].Reach)
		w.Bypass = append(w.Bypass, w.Users[i].Bypass...)
	}
	w.Bypass = unique(w.Bypass)
	if w.Mark != Same {
		w.Tested = 0 // what was tested was another definition
	}
	b.out.Ways = append(b.out.Ways, w)
}

// cover counts the cells of a session and an object. A routine or a view that a path of
// the contract names is tested with the path.
func (b *builder) cover(w *Way, s *model.Session, o *Object) {
	if b.tables[o] != nil {
		for _, c := range model.Commands {
			w.Cells++
			if b.tested(s.Name, w.ID, c.String()) {
				w.Tested++
			}
		}
		return
	}
	w.Cells++
	if b.tested(s.Name, w.ID, "call") || slices.ContainsFunc(b.contract.Paths, func(p *model.Path) bool {
		return slices.Contains(p.As, s.Name) && slices.Contains(b.direct[p], o) && b.tested(s.Name, b.catalog.PathID(p), "call")
	}) {
		w.Tested++
	}
}

// tested reports whether something was at stake in a cell of the last check.
func (b *builder) tested(session, object, command string) bool {
	if b.options.Last == nil {
		return false
	}
	return slices.ContainsFunc(b.options.Last.Cells, Cell{Session: session, Object: object, Command: command}.is)
}

// unique is a list with each text once.
func unique(list []string) []string {
	out := []string{}
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
