package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Shapes lists the statements that the generator has for a session. A step whose text
// is one of them becomes a structured operation; any other stays a statement by hand,
// which the model does not predict. Nil has none.
type Shapes func(s *model.Session) []*model.Shape

// Scenario resolves the case against a contract. A *Stale says why it cannot run.
func (k *Case) Scenario(c *model.Contract, shapes Shapes) (*model.Scenario, error) {
	data, err := k.data(c)
	if err != nil {
		return nil, err
	}
	s := &model.Scenario{Data: data, Committed: k.Committed}
	initial := s.Initial(c.Schema)
	for i := range k.Steps {
		step, err := k.step(c, shapes, initial, &k.Steps[i])
		if err != nil {
			return nil, err
		}
		if step.From > 0 && !slices.ContainsFunc(s.Steps, func(o model.Step) bool { return step.Resumes(&o) }) {
			return nil, k.stale(k.Steps[i].Pos, "no step before it was cut there: from: %d goes on with the same call of the same session after cut: %d", step.From, step.From)
		}
		s.Steps = append(s.Steps, step)
	}
	return s, nil
}

// step resolves one step. Its session must be bound to rows that the case begins with.
func (k *Case) step(c *model.Contract, shapes Shapes, initial *model.State, st *Step) (out model.Step, err error) {
	out = model.Step{Tenant: st.Tenant, User: st.User, Fresh: st.Fresh, Cut: st.Cut, From: st.From, Undone: st.Undone, Prepared: st.Prepared}
	if out.Session = session(c, st.Session); out.Session == nil {
		return out, k.stale(st.Pos, "the contract has no session %s", st.Session)
	}
	if st.untold && k.Found == nil && !as(c, out.Session, st.Call).Tenantless {
		return out, k.stale(st.Pos, "a session %s needs tenant: the key of one of the rows (or null, to try it without one)", st.Session)
	}
	out.Tenant = spelled(c.Tenancy.Type, st.Tenant)
	if !st.User.Null || !st.Tenant.Null {
		out.User = user(c, out.Session, out.Tenant, st.User, initial)
	}
	if st.Call != "" {
		if out.Op, err = k.call(c, out.Session, st); err != nil {
			return out, err
		}
	} else {
		if why := unstepped(c.Schema, st.SQL); why != "" {
			return out, k.stale(st.Pos, "%s", why)
		}
		out.Op = op(out.Session, shapes, st)
	}
	if _, ok := c.BindStep(&out, initial); !ok {
		err := k.unbound(c, &out, st.Pos)
		return out, err
	}
	if st.Observer != nil {
		out.Observer, err = k.observer(c, initial, st.Observer)
	}
	return out, err
}

// observer resolves the observer of a step, likewise.
func (k *Case) observer(c *model.Contract, initial *model.State, o *Observer) (model.Observer, error) {
	step := model.Step{Session: session(c, o.Session), Tenant: spelled(c.Tenancy.Type, o.Tenant)}
	if step.Session == nil {
		return model.Observer{}, k.stale(o.Pos, "the contract has no session %s", o.Session)
	}
	step.User = user(c, step.Session, step.Tenant, o.User, initial)
	if _, ok := c.BindStep(&step, initial); !ok {
		return model.Observer{}, k.unbound(c, &step, o.Pos)
	}
	return model.Observer{Session: step.Session, Tenant: step.Tenant, User: step.User}, nil
}

// session finds a session by its name; nil when there is none.
func session(c *model.Contract, name string) *model.Session {
	for _, s := range c.Sessions {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// user is the user of a session: the one that is given, else the first that fits.
func user(c *model.Contract, s *model.Session, tenant, given model.Value, initial *model.State) model.Value {
	u := s.User
	if u == nil {
		return given
	}
	if given.Null {
		if fit := c.Candidates(s, tenant, initial); len(fit) > 0 {
			given = fit[0]
		}
	}
	return spelled(u.Table.Columns[u.Table.Key[0]].Type, given)
}

// as is a session with the rules that hold for it on a path; the session itself where path is
// none of its paths.
func as(c *model.Contract, s *model.Session, path string) *model.Session {
	for _, p := range c.Paths {
		if u := p.User(s); u != nil && p.Name == path {
			return u.Rules
		}
	}
	return s
}

// call finds the path that a step calls.
func (k *Case) call(c *model.Contract, s *model.Session, st *Step) (model.Op, error) {
	for _, p := range c.Paths {
		if p.Name != st.Call {
			continue
		}
		if p.User(s) == nil {
			return model.Op{}, k.stale(st.Pos, "the session %s has no path %s", s.Name, st.Call)
		}
		least, most := len(p.Args), len(p.Args)
		if p.Routine != nil {
			least = p.Routine.Least()
		}
		if len(st.Args) < least || len(st.Args) > most {
			return model.Op{}, k.stale(st.Pos, "the path %s takes %d arguments, and the case gives %d", st.Call, most, len(st.Args))
		}
		return model.Op{Path: p, Args: st.Args}, nil
	}
	return model.Op{}, k.stale(st.Pos, "there is no path %s: neither the contract nor the schema has it", st.Call)
}

// unbound says why a session cannot be bound: what the rows lack, or the step.
func (k *Case) unbound(c *model.Contract, st *model.Step, pos Pos) error {
	name, there := st.Session.Name, st.Session
	if p := st.Op.Path; p != nil {
		there = p.User(st.Session).Rules // it has the session, or the call was not found
	}
	switch {
	case st.Tenant.Null && !there.Tenantless:
		return k.stale(pos, "a session %s cannot be bound without a tenant", name)
	case st.User.Null && st.Session.User != nil:
		return k.stale(pos, "a session %s of tenant %s needs a user: no row of %s fits", name, st.Tenant.Text, st.Session.User.Table.Label())
	case st.Session.User != nil:
		return k.stale(pos, "there is no tenant %s or no user %s (a row of %s) for the session %s", st.Tenant.Text, st.User.Text, st.Session.User.Table.Label(), name)
	case c.Tenancy.Table != nil:
		return k.stale(pos, "there is no tenant %s: a row of %s must have it as %s", st.Tenant.Text, c.Tenancy.Table.Label(), c.Tenancy.Table.Columns[c.Tenancy.Key].Name)
	}
	return k.stale(pos, "the session %s cannot be bound to tenant %s", name, st.Tenant.Text)
}

// op is the operation of a step with SQL: a shape of the generator where the text is one.
func op(s *model.Session, shapes Shapes, st *Step) model.Op {
	if shapes != nil {
		for _, shape := range shapes(s) {
			if shape.Text == st.SQL && len(shape.Params) == len(st.Args) {
				return model.Op{Shape: shape, Args: st.Args}
			}
		}
	}
	return model.Op{Raw: st.SQL, Args: st.Args}
}

// unstepped is why SQL is no step, which is a transaction of its own on the schema as it is; empty
// if it may be one.
func unstepped(schema *model.Schema, text string) string {
	list, err := sql.Split(text)
	if err != nil || len(list) == 0 { // Postgres will say so
		return ""
	}
	first := strings.ToUpper(strings.Fields(list[0].Text)[0])
	switch first {
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
		return first + " is no step: each step is a transaction of its own (undone: true rolls it back)"
	case "DROP", "ALTER":
		for _, t := range schema.Tables {
			if sql.Mentions(list[0].Text, t.Name) {
				return fmt.Sprintf("%s of %s is no step: a case does not change the schema (--apply does)", first, t.Label())
			}
		}
	}
	return ""
}
