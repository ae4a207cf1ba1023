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

// The kinds. The first are of policies; the last four are of how the application uses the schema.
const (
	DropPolicy   Kind = "drop policy"                    // a restrictive policy is dropped
	UsingTrue    Kind = "USING true"                     // a policy reaches every row
	CheckTrue    Kind = "WITH CHECK true"                // a policy checks no new row
	DropCheck    Kind = "drop WITH CHECK"                // USING stands in for it
	Command      Kind = "command"                        // a permissive policy is for all commands
	Permissive   Kind = "permissive"                     // a restrictive policy permits
	ToPublic     Kind = "to PUBLIC"                      // a permissive policy is for every role
	Comparison   Kind = "comparison"                     // <=, <> or IS NOT DISTINCT FROM for =
	Connective   Kind = "AND to OR"                      // OR for AND
	DropConjunct Kind = "drop conjunct"                  // one part of an AND is left out
	Guard        Kind = "guard left out"                 // an IF by which a routine refuses never holds
	OrNull       Kind = "OR IS NULL"                     // an equality holds for NULL too
	WrongColumn  Kind = "wrong column"                   // another column of the same type is compared
	Prefix       Kind = "LIKE"                           // LIKE for =: the beginning is enough
	Disable      Kind = "row security off"               // of a table
	NoForce      Kind = "no FORCE"                       // row security does not hold for the table's owner
	Owned        Kind = "owned by a session's role"      // of a table
	BypassRLS    Kind = "BYPASSRLS"                      // of a session's role
	Member       Kind = "membership"                     // a role is made a member of another
	ColumnGrant  Kind = "column grant"                   // of a column that the contract withholds
	Default      Kind = "default of a setting"           // the first tenant, where none is set
	Invoker      Kind = "no security_invoker"            // a view reads with its owner's rights
	Barrier      Kind = "no security_barrier"            // a reader's conditions may come before the view's
	CheckOption  Kind = "no CHECK OPTION"                // rows that a view does not show may be written through it
	ViewOwner    Kind = "view of the superuser"          // it reads with the superuser's rights
	Definer      Kind = "SECURITY DEFINER"               // a routine runs with its owner's rights, or the superuser's
	SearchPath   Kind = "no search_path"                 // the caller of a routine chooses what its names mean
	Immutable    Kind = "IMMUTABLE"                      // a kept plan may hold a function's result
	TableGrant   Kind = "grant"                          // of a privilege on a table or view that a session has no use for
	Execute      Kind = "EXECUTE to PUBLIC"              // everybody may call a routine
	ForeignKey   Kind = "foreign key without the tenant" // a row may refer to another tenant's
	UniqueKey    Kind = "unique key without the tenant"  // a row may collide with another tenant's
	ColumnValue  Kind = "default of a column"            // the first tenant, where a row says none
	Trigger      Kind = "trigger disabled"               // one that is about tenants
	NoRole       Kind = "role not taken"                 // a session does no SET ROLE
	Unset        Kind = "setting not set"                // a session does not set one of its settings
	BindSession  Kind = "set for the session"            // SET for SET LOCAL, and nothing is reset
	NoRelease    Kind = "nothing is reset"               // when a connection comes back to the pool
)

// Mutant is one weakening.
type Mutant struct {
	Kind   Kind
	Object string   // policy tickets_read on tickets
	Change string   // what becomes of it: account_id = … to account_id <= …
	Do     []string // statements of the superuser
	Undo   []string // statements that take back what all databases of the server share: changes of roles
	Back   []string // statements that take it back in a scratch copy; nil where [props.Weakening] needs another copy
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
	check   bool           // tree is the policy's WITH CHECK, not its USING
	// strict says that only a --strict check fails because of it; others report it apart.
	strict bool
	// distinct says that weaker is IS NOT DISTINCT FROM in the place of =.
	distinct bool
	// unseen is why no session of the contract can tell; empty where one may.
	unseen string
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
