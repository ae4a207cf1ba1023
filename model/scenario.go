package model

import "slices"

// Scenario is one check: rows, and the steps that run on them.
type Scenario struct {
	Data  [][]Row // by Table.ID, without the schema's own rows
	Steps []Step
	// Committed runs on real logins with real commits; otherwise everything happens
	// in one transaction that is rolled back.
	Committed bool
}

// Step is one statement of one identity.
type Step struct {
	Session *Session
	Tenant  Value
	User    Value
	// Fresh runs the step on a connection that nobody used before. Otherwise it runs
	// on the pooled connection of its login, which earlier steps may have used.
	Fresh bool
	// Cut ends a call of a path after so many of its transactions, as when its connection
	// breaks; 0: never. A program has statements instead: what it asks after them finds no
	// server any more.
	Cut int
	// From has a call go on where an earlier step of the same session with the same call was
	// Cut, on the connection that it kept meanwhile; 0: it begins. What others do in between,
	// they do on other connections of the pool. Which connection a step gets follows from that:
	// the idle one of its login, or else a new one.
	From int
	// Undone has the application roll back what the step does, as it does after an error; of a
	// call that is Cut, the transaction after those. The connection goes back to the pool.
	Undone bool
	// Prepared keeps the statement on its connection, as most drivers do: a later step with
	// the same text runs what was prepared, with the plan that was made then.
	Prepared bool
	// Observer is in whose place the rows are looked at that the step makes; of most steps nobody,
	// and then it is who runs the step.
	Observer Observer
	Op       Op
}

// Observer is somebody of a tenant who may see what a session of no tenant makes, such as a
// nightly job. Without a Session it is nobody.
type Observer struct {
	Session *Session
	Tenant  Value
	User    Value
}

// Step is a step in which the observer does nothing.
func (o *Observer) Step() Step { return Step{Session: o.Session, Tenant: o.Tenant, User: o.User} }

// Observed reports whether the step is looked at in somebody else's place.
func (s *Step) Observed() bool { return s.Observer.Session != nil }

// Resumes reports whether the step goes on with the call of an earlier one.
func (s *Step) Resumes(o *Step) bool {
	return s.From > 0 && s.From == o.Cut && !o.Undone && s.Session == o.Session && s.Tenant == o.Tenant && s.User == o.User &&
		s.Op.Path == o.Op.Path && slices.Equal(s.Op.Args, o.Op.Args)
}

// Resumed is the later step that goes on with the call of the ith; -1 where none does.
func Resumed(steps []Step, i int) int {
	for j := i + 1; j < len(steps); j++ {
		if steps[j].Resumes(&steps[i]) {
			return j
		}
	}
	return -1
}

// Listens reports whether a step listens to a channel.
func (s *Scenario) Listens() bool {
	return slices.ContainsFunc(s.Steps, func(st Step) bool { return st.Op.Path != nil && st.Op.Path.Channel != nil })
}

// Plain is the step without all that only real connections show.
func (s *Step) Plain() Step {
	p := *s
	p.Fresh, p.Undone, p.Prepared = false, false, false
	return p
}

// Initial is the state in which a scenario begins.
func (s *Scenario) Initial(schema *Schema) *State { return Initial(schema, s.Data) }

// Initial is the state of the schema's own rows and the given ones.
func Initial(schema *Schema, data [][]Row) *State {
	rows := make([][]Row, len(schema.Tables))
	for i, t := range schema.Tables {
		rows[i] = t.Seed
		if i < len(data) && len(data[i]) > 0 {
			rows[i] = append(t.Seed[:len(t.Seed):len(t.Seed)], data[i]...)
		}
	}
	return NewState(schema, rows)
}

// Size counts the rows and steps of a scenario.
func (s *Scenario) Size() (rows, steps int) {
	for _, r := range s.Data {
		rows += len(r)
	}
	return rows, len(s.Steps)
}
