package mutate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Kind is a way to weaken a schema.
type Kind string

// The kinds.
const (
	DropPolicy   Kind = "drop policy"
	UsingTrue    Kind = "USING true"
	CheckTrue    Kind = "WITH CHECK true"
	DropCheck    Kind = "drop WITH CHECK"
	Command      Kind = "command"
	Permissive   Kind = "permissive"
	ToPublic     Kind = "to PUBLIC"
	Comparison   Kind = "comparison"
	Connective   Kind = "AND to OR"
	DropConjunct Kind = "drop conjunct"
	Guard        Kind = "guard left out"
	OrNull       Kind = "OR IS NULL"
	WrongColumn  Kind = "wrong column"
	Prefix       Kind = "LIKE"
	Disable      Kind = "row security off"
	NoForce      Kind = "no FORCE"
	Owned        Kind = "owned by a session's role"
	BypassRLS    Kind = "BYPASSRLS"
	Member       Kind = "membership"
	ColumnGrant  Kind = "column grant"
	Default      Kind = "default of a setting"
	Invoker      Kind = "no security_invoker"
	Barrier      Kind = "no security_barrier"
	CheckOption  Kind = "no CHECK OPTION"
	ViewOwner    Kind = "view of the superuser"
	Definer      Kind = "SECURITY DEFINER"
	SearchPath   Kind = "no search_path"
	Immutable    Kind = "IMMUTABLE"
	TableGrant   Kind = "grant"
	Execute      Kind = "EXECUTE to PUBLIC"
	ForeignKey   Kind = "foreign key without the tenant"
	UniqueKey    Kind = "unique key without the tenant"
	ColumnValue  Kind = "default of a column"
	Trigger      Kind = "trigger disabled"
	NoRole       Kind = "role not taken"
	Unset        Kind = "setting not set"
	BindSession  Kind = "set for the session"
	NoRelease    Kind = "nothing is reset"
)

// Mutant is one weakening.
type Mutant struct {
	Kind   Kind
	Object string   // policy tickets_read on tickets
	Change string   // what becomes of it: account_id = … to account_id <= …
	Do     []string // statements of the superuser
	Undo   []string // of what all databases of the server share: roles
	Back   []string // takes it back in a copy; nil where it changes what [props.Weakening] says
	// Table is the table that it concerns, nil for one of a role or of another object.
	Table *model.Table
	// Of is the name of the view or routine that it concerns, or the path of the contract;
	// empty for the others.
	Of string
	// Edit changes how the application uses the schema, as the contract says it; nil for a
	// change of the schema.
	Edit func(*model.Contract)
	// Equivalent is the rule by which it changes nothing; empty where none is known.
	Equivalent string

	policy  *model.Policy  // that it changes; nil for the others
	session *model.Session // whose binding it changes; nil for the others
	role    string         // that it changes; empty for the others
	tree    sql.Expr       // the policy's expression, where a part of it is changed
	weaker  sql.Expr       // the part that is left out or holds more often; nil for other changes
	check   bool           // it is WITH CHECK
	// strict says that only a check that is --strict fails of it: others report it apart.
	strict bool
	// distinct says that the part is IS NOT DISTINCT FROM for =.
	distinct bool
	// unseen is why no session of the contract can tell; empty where one may.
	unseen string
	key    []int // columns of the primary key that it grants
}

// Key is the mutant's stable name.
func (m *Mutant) Key() string { return fmt.Sprintf("%s: %s: %s", m.Object, m.Kind, m.Change) }

// Mutants lists the weakenings of a contract's schema, in the order of its tables and
// roles. own says which roles may be altered: those that the schema's files made.
func Mutants(c *model.Contract, own func(role string) bool) []Mutant {
	var out []Mutant
	for _, t := range c.Schema.Tables {
		if t.Parent != "" {
			continue
		}
		list := append(policies(c.Schema, t), table(c, t)...)
		for i := range list {
			list[i].Table = t
		}
		out = append(out, list...)
	}
	out = append(append(out, partitions(c)...), views(c)...)
	out = append(out, routines(c)...)
	out = append(out, roles(c, own)...)
	out = append(out, defaults(c)...)
	out = append(out, application(c)...)
	for i := range out {
		if out[i].Equivalent == "" && out[i].unseen == "" {
			out[i].Equivalent, out[i].unseen = equivalent(c, &out[i])
		}
	}
	return unique(out)
}

// unique drops mutants that do the same as one before.
func unique(list []Mutant) []Mutant {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(m Mutant) bool {
		key := strings.Join(m.Do, "\x00")
		if m.Edit != nil {
			key = m.Key()
		}
		again := seen[key]
		seen[key] = true
		return again
	})
}

// table lists what can be done to a table and its privileges.
func table(c *model.Contract, t *model.Table) []Mutant {
	var out []Mutant
	if t.RowSecurity {
		out = append(out, Mutant{
			Kind: Disable, Object: "table " + t.Label(), Change: "DISABLE ROW LEVEL SECURITY",
			Do: []string{"ALTER TABLE " + t.SQL() + " DISABLE ROW LEVEL SECURITY"}, Back: []string{"ALTER TABLE " + t.SQL() + " ENABLE ROW LEVEL SECURITY"},
		})
	}
	if t.RowSecurity && t.Force {
		out = append(out, Mutant{
			Kind: NoForce, Object: "table " + t.Label(), Change: "NO FORCE ROW LEVEL SECURITY",
			Do: []string{"ALTER TABLE " + t.SQL() + " NO FORCE ROW LEVEL SECURITY"}, Back: []string{"ALTER TABLE " + t.SQL() + " FORCE ROW LEVEL SECURITY"},
		})
	}
	out = append(append(out, owned(c, t)...), columnGrants(c, t)...)
	out = append(append(out, tableGrants(c, t)...), keys(c, t)...)
	return append(append(out, columnValues(c, t)...), triggers(c, t)...)
}

// columnGrants gives each session's role the columns that the contract hides from it.
func columnGrants(c *model.Contract, t *model.Table) []Mutant {
	var out []Mutant
	grant := func(s *model.Session, role, privilege string, columns []bool, have []bool) {
		for i, may := range columns {
			if may || have[i] || t.Columns[i].Generated && privilege == "UPDATE" {
				continue
			}
			name := t.Columns[i].Name
			out = append(out, Mutant{
				Kind: ColumnGrant, Object: "table " + t.Label(), Change: fmt.Sprintf("GRANT %s (%s) TO %s", privilege, name, role),
				Do: []string{fmt.Sprintf("GRANT %s (%s) ON %s TO %s", privilege, model.Quote(name), t.SQL(), model.Quote(role))},
			})
			if privilege == "UPDATE" && slices.Contains(t.Key, i) {
				out[len(out)-1].key = []int{i}
			}
			switch {
			case privilege == "UPDATE" && fixed(c, s, t, i):
				out[len(out)-1].Equivalent = "masked by the policies for UPDATE, which hold " + name + " to one value before and after"
			case privilege == "SELECT" && blank(c, s, t, i):
				out[len(out)-1].Equivalent = "masked by the policies for SELECT, which show only rows without a value in " + name
			}
		}
	}
	for _, s := range c.Sessions {
		role := acting(s)
		rights := c.Schema.Privileges[role]
		if role == "" || rights == nil {
			continue
		}
		r := &rights[t.ID]
		if sees := &s.Sees[t.ID]; sees.Columns != nil && sees.Rule.Kind != model.RuleNone {
			grant(s, role, "SELECT", sees.Columns, r.Select)
		}
		if w := &s.Writes[t.ID]; w.UpdateColumns != nil && w.From != nil && w.From.Kind != model.RuleNone {
			grant(s, role, "UPDATE", w.UpdateColumns, r.Update)
		}
	}
	return out
}

// acting is the role that a session acts as; empty where that follows from the tenant.
func acting(s *model.Session) string {
	if s.Role.Text != "" {
		return s.Role.Text
	}
	if s.Role.Follows() {
		return ""
	}
	return s.Login.Text
}
